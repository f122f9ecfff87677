"""Seals: what travels on streams that others may write to shows that it is from us."""

import hmac
from collections.abc import Mapping
from hashlib import blake2b

from sendwell.messages.wire import headers

_BYTES = 32


class Seal:
    """Seals with a secret; without one everything counts as sealed (broker ACLs are trusted).

    What bears the seal of the secret `also` is believed, too.
    """

    def __init__(self, secret: bytes | None, also: bytes | None = None) -> None:
        self._key = _key_of(secret)
        self._also = _key_of(also)

    @property
    def is_proof(self) -> bool:
        """Whether a seal that holds shows that all of it is as we wrote it."""
        return self._key is not None

    def seal(self, body: bytes, given: Mapping[str, str]) -> dict[str, str]:
        """The headers, with a seal over the body and those that are believed."""
        if self._key is None:
            return dict(given)
        return {**given, headers.SEAL: _digest(self._key, body, given)}

    def holds(self, body: bytes, given: Mapping[str, str]) -> bool:
        """Whether they are as they were sealed. What a broker adds does no harm."""
        if self._key is None:
            return True
        seal = given.get(headers.SEAL, "").encode(errors="replace")
        if hmac.compare_digest(seal, _digest(self._key, body, given).encode()):
            return True
        return self._also is not None and hmac.compare_digest(
            seal, _digest(self._also, body, given).encode()
        )


def _key_of(secret: bytes | None) -> bytes | None:
    return blake2b(secret, digest_size=_BYTES).digest() if secret else None


def _digest(key: bytes, body: bytes, given: Mapping[str, str]) -> str:
    digest = blake2b(key=key, digest_size=_BYTES)
    values = (given.get(name, "").encode(errors="surrogatepass") for name in headers.SEALED)
    for value in (body, *values):
        digest.update(b"%d:" % len(value))
        digest.update(value)
    return digest.hexdigest()
