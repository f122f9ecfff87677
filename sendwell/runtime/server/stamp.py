"""The headers that every answer has."""

import re
import secrets
from collections.abc import Iterable
from itertools import count

from sendwell.runtime.server.calls import Header

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


class Stamp:
    """Names every request: by what its caller sent as X-Request-ID, or by a number of our own."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._prefix = secrets.token_hex(6).encode()

    def __call__(self, headers: Iterable[Header]) -> tuple[Header, Header]:
        """What is added to the answer of the request with these headers."""
        return (b"x-request-id", self._request_id(headers)), _NO_SNIFF

    def _request_id(self, headers: Iterable[Header]) -> bytes:
        for name, value in headers:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return bytes(value)
        return b"%b%x" % (self._prefix, next(self._numbers))
