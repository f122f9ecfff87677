"""The users role at work."""

from sendwell.roles.users.service.users import Users

__all__ = ["Users"]
