"""The accounts role at work."""

from sendwell.roles.accounts.service.accounts import Accounts

__all__ = ["Accounts"]
