"""Tenants, their API keys and rules, and the audit log."""
