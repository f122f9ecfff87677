"""Copies of what other services have on record, where they have databases of their own."""
