"""Where units wait for their commit: what comes while one is under way is the next one."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from sendwell.adapters.sql.units import Waiting
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Unit

_MOST_WAITING = 20_000
_LARGEST_COMMIT = 512
"""Items, of all writes."""


class Line:
    """One line of units, in the order of coming."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._is_closed = False

    def join(self, unit: Unit) -> asyncio.Future[list[Sequence[Any]]]:
        """Wait here; the future gives the results once they are on disk."""
        if self._is_closed:
            raise Unavailable("The database is closing.")
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable("More writes wait for the database than it can take right now.")
        future: asyncio.Future[list[Sequence[Any]]] = asyncio.get_running_loop().create_future()
        self._waiting.append((unit, future))
        self._arrived.set()
        return future

    async def next(self) -> list[Waiting]:
        """The next units to commit together, at least one; none at the end, when all are taken."""
        while not self._waiting:
            if self._is_closed:
                return []
            self._arrived.clear()
            await self._arrived.wait()
        batch: list[Waiting] = []
        size = 0
        while self._waiting and size < _LARGEST_COMMIT:
            batch.append(self._waiting.popleft())
            size += sum(len(write.items) for write in batch[-1][0])
        return batch

    def close(self) -> None:
        """Take nothing more."""
        self._is_closed = True
        self._arrived.set()
