"""API keys: `sw_<id>_<secret><checksum>`.

The prefix and the checksum let secret scanners and people recognize a key; the id finds its row;
only a hash of the key is stored. The secret has 190 bits, so a plain SHA-256 is enough: nobody can
guess what a slow hash would protect.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"
_FORM = re.compile(
    r"sw_(?P<id>[0-9A-Za-z]{8,32})_(?P<secret>[0-9A-Za-z]{16,64})(?P<sum>[0-9a-f]{8})"
)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key in full; `text` is shown once and never stored."""

    id: str
    text: str

    @property
    def hash(self) -> str:
        """What is stored of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def new_key() -> Key:
    """A key that nobody has seen."""
    return made_key(_draw(12), _draw(32))


def made_key(id_: str, secret: str) -> Key:
    """The key with that id and secret."""
    return Key(id_, f"sw_{id_}_{secret}{_checksum(id_, secret)}")


def parse_key(text: str) -> Key | None:
    """The key, if `text` has its form and checksum; a typing error is found without a look-up."""
    found = _FORM.fullmatch(text)
    if found is None or _checksum(found["id"], found["secret"]) != found["sum"]:
        return None
    return Key(found["id"], text)


def is_same(key: Key, stored_hash: str) -> bool:
    """Whether the stored hash is of this key, in constant time."""
    return hmac.compare_digest(key.hash, stored_hash)


def _draw(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(id_: str, secret: str) -> str:
    return f"{zlib.crc32(f'{id_}_{secret}'.encode()):08x}"
