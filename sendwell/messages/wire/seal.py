"""Seals: what travels on streams that others may write to shows that it is from us."""

import hmac
from collections.abc import Mapping
from hashlib import blake2b

from sendwell.messages.wire import headers

_BYTES = 32


class Seal:
    """Seals with a secret; without one everything counts as sealed (broker ACLs are trusted)."""

    def __init__(self, secret: bytes | None) -> None:
        self._key = blake2b(secret, digest_size=_BYTES).digest() if secret else None

    @property
    def is_proof(self) -> bool:
        """Whether a seal that holds shows that all of it is as we wrote it."""
        return self._key is not None

    def seal(self, body: bytes, given: Mapping[str, str]) -> dict[str, str]:
        """The headers, with a seal over the body and those that are believed."""
        if self._key is None:
            return dict(given)
        return {**given, headers.SEAL: self._digest(body, given)}

    def holds(self, body: bytes, given: Mapping[str, str]) -> bool:
        """Whether they are as they were sealed. What a broker adds does no harm."""
        if self._key is None:
            return True
        seal = given.get(headers.SEAL, "")
        return hmac.compare_digest(
            seal.encode(errors="replace"), self._digest(body, given).encode()
        )

    def _digest(self, body: bytes, given: Mapping[str, str]) -> str:
        digest = blake2b(key=self._key or b"", digest_size=_BYTES)
        values = (given.get(name, "").encode(errors="surrogatepass") for name in headers.SEALED)
        for value in (body, *values):
            digest.update(b"%d:" % len(value))
            digest.update(value)
        return digest.hexdigest()
