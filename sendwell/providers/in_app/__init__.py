"""Vendors of the channel in_app."""
