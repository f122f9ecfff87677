"""Vendors for e-mail."""
