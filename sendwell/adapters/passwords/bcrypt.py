"""bcrypt by the C library's own `crypt` (libxcrypt, musl): no package of ours has it.

Linux only. Where it is missing, `Bcrypt.find` says so and argon2id is there.
"""

import base64
import ctypes
import ctypes.util
import hmac
import os
import re
from typing import Self

from sendwell.domain.passwords import bcrypt_input

_FORM = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}")
_SALT_BYTES = 16
_ROOM_BYTES = 65_536  # struct crypt_data: 32 KiB in libxcrypt, 256 bytes in musl
_USUAL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_THEIRS = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TO_THEIRS = bytes.maketrans(_USUAL, _THEIRS)
_KNOWN = (b"U*U", b"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
"""A vector of Openwall's crypt_blowfish."""


class Bcrypt:
    """`$2b$` hashes; those of other systems (`$2a$`, `$2y$`) are checked as well."""

    def __init__(self, library: ctypes.CDLL, *, cost: int = 12) -> None:
        self._crypt = library.crypt_r
        self._crypt.restype = ctypes.c_char_p
        self._crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
        self._cost = cost

    @classmethod
    def find(cls, *, cost: int = 12) -> Self | None:
        """The library of this machine, if it has one that does bcrypt right."""
        for name in (ctypes.util.find_library("crypt"), "libcrypt.so.1", None):
            try:
                found = cls(ctypes.CDLL(name), cost=cost)
            except (OSError, AttributeError):
                continue
            password, expected = _KNOWN
            if found._made(password, expected[:29]) == expected:
                return found
        return None

    def hash(self, password: str) -> str:
        salt = base64.b64encode(os.urandom(_SALT_BYTES)).rstrip(b"=").translate(_TO_THEIRS)
        made = self._made(bcrypt_input(password), b"$2b$%02d$%s" % (self._cost, salt))
        if made is None:
            raise RuntimeError("crypt refuses a setting that it took at the start")
        return made.decode()

    def is_right(self, password: str, stored: str) -> bool:
        made = self._made(bcrypt_input(password), stored.encode())
        return made is not None and hmac.compare_digest(made, stored.encode())

    def is_ours(self, stored: str) -> bool:
        return _FORM.fullmatch(stored) is not None

    def is_current(self, stored: str) -> bool:
        return self.is_ours(stored) and stored.startswith(f"$2b${self._cost:02d}$")

    def _made(self, password: bytes, setting: bytes) -> bytes | None:
        """What crypt makes of it; None for a setting that it does not take.

        The call lets go of the interpreter's lock and shares nothing with others.
        """
        made: bytes | None = self._crypt(
            password, setting, ctypes.create_string_buffer(_ROOM_BYTES)
        )
        return made if made and made.startswith(b"$2") else None
