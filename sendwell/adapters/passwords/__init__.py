"""Hashes of passwords: bcrypt and argon2id, both understood, one of them made."""

from sendwell.adapters.passwords.hasher import SlowPasswords, choose

__all__ = ["SlowPasswords", "choose"]
