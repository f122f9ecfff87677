"""Vendors for text messages."""
