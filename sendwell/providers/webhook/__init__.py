"""Vendors for an HTTP endpoint of the recipient."""
