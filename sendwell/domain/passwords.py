"""What a password has to be, and what of it bcrypt gets to see."""

import base64
import hashlib
import hmac
from enum import StrEnum

from sendwell.domain.errors import Flaw, Invalid

SHORTEST = 8
LONGEST_BYTES = 4096
_BCRYPT_READS = 72
_PURPOSE = b"sendwell password longer than bcrypt reads"


class PasswordHash(StrEnum):
    """How new passwords are stored; both are understood."""

    BCRYPT = "bcrypt"
    ARGON2ID = "argon2id"


def check_password(password: str, pointer: str = "/password") -> None:
    """Raise Invalid for what is too short or too long to be one.

    No rules about kinds of characters: they make people choose worse ones (NIST SP 800-63B 3.1.1).
    """
    why = ""
    if len(password) < SHORTEST:
        why = f"A password has at least {SHORTEST} characters."
    elif len(_bytes(password)) > LONGEST_BYTES:
        why = f"A password has at most {LONGEST_BYTES} bytes."
    if why:
        raise Invalid(why, flaws=[Flaw(pointer, why)])


def bcrypt_input(password: str) -> bytes:
    """What is given to bcrypt for it: the UTF-8 bytes, or a digest of them.

    bcrypt reads 72 bytes and stops at a NUL, so that two passwords which differ behind that would
    both be right (Okta, 2024-10-30). Such ones are put through HMAC-SHA-384 first; its 64 base64
    characters are read as a whole. All others stay what they are, and hashes that another system
    has made of them can be taken over.
    """
    raw = _bytes(password)
    if len(raw) <= _BCRYPT_READS and b"\0" not in raw:
        return raw
    return base64.b64encode(hmac.new(_PURPOSE, raw, hashlib.sha384).digest())


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
