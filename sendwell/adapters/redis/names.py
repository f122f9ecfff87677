"""What things are called in Redis, and the seals on what stands there."""

from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest

_SEAL_BYTES = 16


@dataclass(frozen=True, slots=True)
class Names:
    """Those of one installation, by a secret of at most 64 bytes that its services share.

    So another installation on the same Redis, where the same ids mean other people, finds nothing
    of it and is told nothing; and a name tells nobody who is meant.
    """

    secret: bytes

    def entry(self, topic: str, word: str) -> str:
        """The key under which something is remembered, and doubted."""
        return f"sendwell:cache:{self._hashed(f'{topic}:{word}')}"

    def sealed(self, name: str, value: bytes) -> bytes:
        """The value as it stands under that name: only who has the secret can put it there."""
        return self._seal(name, value) + value

    def opened(self, name: str, sealed: bytes) -> bytes | None:
        """What was sealed for that name; None for anything else."""
        value = sealed[_SEAL_BYTES:]
        return value if compare_digest(sealed[:_SEAL_BYTES], self._seal(name, value)) else None

    @property
    def limits(self) -> str:
        """What the keys of its limits begin with; what is counted follows as it is."""
        return f"sendwell:limit:{self._hashed('')[:16]}:"

    @property
    def channel(self) -> str:
        """Where signals are told. Redis publishes across its databases."""
        return f"sendwell:told:{self._hashed('')}"

    def _seal(self, name: str, value: bytes) -> bytes:
        seal = blake2b(name.encode(), key=self.secret, digest_size=_SEAL_BYTES, person=b"seal")
        seal.update(b"\0" + value)
        return seal.digest()

    def _hashed(self, text: str) -> str:
        return blake2b(text.encode(), key=self.secret, digest_size=16).hexdigest()
