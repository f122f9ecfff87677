"""The end of a connection whose client is still sending: of a body that was refused unread.

To close it at once would take the answer back. The kernel resets a connection that is closed with
bytes unread, and a client that is reset forgets what it has not read yet (RFC 9112, 9.6).
"""

import asyncio
from collections.abc import Callable

MOST_BYTES = 16 * 1024 * 1024
MOST_SECONDS = 20.0


class LastAnswer:
    """What uvicorn writes the answer to when the connection is to end with it."""

    __slots__ = ("_end", "_transport")

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        self._transport = transport
        self._end = end

    def write(self, data: bytes) -> None:
        """Write a piece of the answer."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._transport.is_closing()

    def close(self) -> None:
        """The answer is written."""
        self._end()


class Lingering(asyncio.Protocol):
    """Drops what still comes until the client has done its part, or it takes too long."""

    def __init__(self, transport: asyncio.Transport, before: asyncio.Protocol) -> None:
        self._transport = transport
        self._before = before
        self._left = MOST_BYTES
        self._alarm = asyncio.get_running_loop().call_later(MOST_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Drop it."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over also for who was here before."""
        self._alarm.cancel()
        self._before.connection_lost(exc)


def linger(transport: asyncio.Transport, before: asyncio.Protocol) -> None:
    """Nothing more is said here; the connection ends when the client ends it."""
    transport.set_protocol(Lingering(transport, before))
    transport.write_eof()
