"""Vendors for push notifications."""
