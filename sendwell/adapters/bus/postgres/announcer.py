"""Tells the members what was published, after it was.

That is a transaction of its own, for transactions that notify commit one after the other in all of
the database. It has nothing to write to the disk, so it holds nobody up. What a process that dies
did not tell any more is found by the slow sweeps.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sendwell.adapters.bus.postgres.parcels import News
from sendwell.adapters.bus.postgres.server import FAULTS

_GAP_SECONDS = 0.005
"""Between two: under load one tells of much. The first one after a silence waits for nothing."""
_PAUSE_SECONDS = 0.1
_LAST_SECONDS = 1.0


class Announcer:
    """Works only while there is something to tell."""

    def __init__(self, send: Callable[[News], Awaitable[None]]) -> None:
        self._send = send
        self._news: dict[int, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def tell(self, news: News) -> None:
        """Have it announced, as soon as possible."""
        for stream, bits in news.items():
            self._news[stream] = self._news.get(stream, 0) | bits
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def close(self) -> None:
        """Tell the rest, but do not wait long for a server that is away."""
        if self._telling:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._telling, _LAST_SECONDS)

    async def _tell(self) -> None:
        while self._news:
            news, self._news = self._news, {}
            try:
                await self._send(news)
            except FAULTS:
                self._news = {**self._news, **_both(news, self._news)}
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                await asyncio.sleep(_GAP_SECONDS)


def _both(one: News, other: News) -> dict[int, int]:
    return {stream: bits | other.get(stream, 0) for stream, bits in one.items()}
