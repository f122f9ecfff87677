"""One connection for one answer that is handed over while it comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import cast

from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.reader import Garbled, Reader

_MOST_UNTAKEN = 4 * 1024 * 1024
"""More than comes at one time: nothing is read while something waits to be taken."""


class Stream(asyncio.Protocol):
    """Begun once, then read to its end, which is whatever comes first: that of the answer, of the
    connection, a silence that is too long, or `close`.
    """

    __slots__ = ("_is_over", "_left", "_news", "_reader", "_transport", "headers", "status")

    def __init__(self, limits: Limits, left: Callable[["Stream"], None]) -> None:
        self._reader = Reader(replace(limits, body_size=_MOST_UNTAKEN))
        self._left = left
        self._news = asyncio.Event()
        self._is_over = False
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def begin(self, wire: bytes, *, is_head: bool) -> None:
        """Send the request, and wait for the head of the answer; no `status`: none will come."""
        self._reader.expect(is_head=is_head)
        self._transport.write(wire)
        while not self._reader.status and not self._is_over:
            await self._hear()
        self.status, self.headers = self._reader.status, self._reader.headers()

    async def pieces(self, silence: timedelta) -> AsyncGenerator[bytes]:
        try:
            while True:
                if piece := self._reader.take_body():
                    yield piece
                elif self._is_over or self._reader.is_complete or not await self._speaks(silence):
                    return
        finally:
            self.close()

    def close(self) -> None:
        if not self._is_over:
            self._transport.abort()
        self._end()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
        except Garbled:
            self.close()
            return
        self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end()

    async def _speaks(self, silence: timedelta) -> bool:
        """Whether something came in time."""
        try:
            async with asyncio.timeout(silence.total_seconds()):
                await self._hear()
        except TimeoutError:
            return False
        return True

    async def _hear(self) -> None:
        self._news.clear()
        self._transport.resume_reading()
        await self._news.wait()

    def _end(self) -> None:
        self._is_over = True
        self._news.set()
        self._left(self)
