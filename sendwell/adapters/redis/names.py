"""What things are called in Redis."""

from dataclasses import dataclass
from hashlib import blake2b


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

    @property
    def channel(self) -> str:
        """Where signals are told. Redis publishes across its databases."""
        return f"sendwell:told:{self._hashed('')}"

    def _hashed(self, text: str) -> str:
        return blake2b(text.encode(), key=self.secret, digest_size=16).hexdigest()
