"""Answers as bytes, for a cache that other versions of the code use too."""

from hashlib import blake2b
from typing import Generic, TypeVar, cast

import msgspec

from sendwell import __version__
from sendwell.domain.errors import SendwellError

V = TypeVar("V")
NOT_UNDERSTOOD = (msgspec.DecodeError, SendwellError, UnicodeDecodeError, RecursionError)
"""What reading raises of bytes that are none of ours."""
_EDITION_BYTES = 8


class Packed(Generic[V]):
    """Values of one shape, as msgspec takes it: `Person | None`.

    What another version of the code, or of the shape, has packed is not opened. That is said in the
    value and not in its key, so that a doubt about a key holds for all versions.
    """

    def __init__(self, shape: object) -> None:
        described = msgspec.json.encode(msgspec.json.schema(shape), order="sorted")
        self._edition = blake2b(
            __version__.encode() + described, digest_size=_EDITION_BYTES
        ).digest()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder: msgspec.msgpack.Decoder[V] = msgspec.msgpack.Decoder(cast("type[V]", shape))

    def pack(self, value: V) -> bytes:
        """The value as bytes."""
        return self._edition + self._encode(value)

    def unpack(self, packed: bytes) -> tuple[V] | None:
        """The value, in a tuple, for it may be None; None where it is not one of ours."""
        if not packed.startswith(self._edition):
            return None
        try:
            return (self._decoder.decode(memoryview(packed)[_EDITION_BYTES:]),)
        except NOT_UNDERSTOOD:
            return None
