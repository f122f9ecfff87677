"""Argon2id (RFC 9106) as PHC strings, by the cryptography package."""

import os

_SALT_BYTES = 16
_HASH_BYTES = 32


class Argon2id:
    """OWASP's first choice by default: 19 MiB, two passes, one lane."""

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2) -> None:
        self._memory_kib = memory_kib
        self._passes = passes

    def hash(self, password: str) -> str:
        from cryptography.hazmat.primitives.kdf import argon2

        derivation = argon2.Argon2id(
            salt=os.urandom(_SALT_BYTES),
            length=_HASH_BYTES,
            iterations=self._passes,
            lanes=1,
            memory_cost=self._memory_kib,
        )
        return derivation.derive_phc_encoded(_bytes(password))

    def is_right(self, password: str, stored: str) -> bool:
        from cryptography.exceptions import InvalidKey
        from cryptography.hazmat.primitives.kdf import argon2

        try:
            argon2.Argon2id.verify_phc_encoded(_bytes(password), stored)
        except (InvalidKey, ValueError):
            return False
        return True

    def is_ours(self, stored: str) -> bool:
        return stored.startswith("$argon2id$")

    def is_current(self, stored: str) -> bool:
        return stored.startswith(f"$argon2id$v=19$m={self._memory_kib},t={self._passes},p=1$")


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
