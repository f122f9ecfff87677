"""Accepted notifications on their way to the planner: a bounded window over the journal.

What does not fit is not kept: it is on disk already, and read back by position when there is room.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from sendwell.domain.fair_queue import FairQueue
from sendwell.domain.ids import Position
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Requested
from sendwell.ports.journal import Journal

Planned = Callable[[Sequence[Position]], Awaitable[Collection[Position]]]
"""Which of these are planned already: their deliveries are open work."""

_WINDOW = 4_096
_CHUNK = 1_024


class Backlog:
    """The planner's queue. High lanes are always kept; the others only while there is room."""

    def __init__(self, journal: Journal, planned: Planned, *, window: int = _WINDOW) -> None:
        self._journal = journal
        self._planned = planned
        self._window = window
        self._queue: FairQueue[Requested] = FairQueue()
        self._read_from: Position | None = None
        """Behind this position some are only on disk; None: all are in memory."""
        self._urgent: set[Position] = set()
        self._late: list[Requested] | None = None
        """What came while the disk was being read; None: it is not being read."""
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, requests: Sequence[Requested]) -> None:
        """Add freshly accepted notifications, in the order of their positions."""
        for request in requests:
            self._put(request)
        self._changed.set()

    def recover(self) -> None:
        """Begin with what an earlier process left unplanned."""
        self._read_from = Position(0)
        self._changed.set()

    async def wait(self) -> None:
        """Wait until there is something to plan."""
        while True:
            if self._read_from is not None and len(self._queue) < self._window // 2:
                await self._read_back(self._read_from)
            if len(self._queue):
                return
            self._changed.clear()
            await self._changed.wait()

    def take(self, most: int) -> list[Requested]:
        """The next notifications to plan, lanes and tenants in their order."""
        return self._queue.take(most)

    def _put(self, request: Requested) -> None:
        if request.lane <= Lane.HIGH:
            if self._read_from is not None:
                self._urgent.add(request.position)
            self._keep(request)
        elif self._late is not None:
            self._late.append(request)
        elif self._read_from is None and len(self._queue) >= self._window:
            self._read_from = Position(request.position - 1)
        elif self._read_from is None or request.position <= self._read_from:
            self._keep(request)  # also what was numbered before that place, but committed later

    def _keep(self, request: Requested) -> None:
        self._queue.put(Lane(request.lane), request.tenant, request)

    async def _read_back(self, after: Position) -> None:
        self._late = []
        try:
            requests = await self._journal.unplanned(after=after, limit=_CHUNK)
            known = await self._planned([request.position for request in requests])
        finally:
            late, self._late = self._late, None
        for request in requests:
            if request.position not in known and request.position not in self._urgent:
                self._keep(request)
        if len(requests) == _CHUNK:
            self._read_from = requests[-1].position
        else:  # the disk has been read to its end: from now on all is in memory again
            self._read_from = None
            self._urgent.clear()
        read = {request.position for request in requests}
        behind = self._read_from
        for request in late:
            if request.position not in read and (behind is None or request.position <= behind):
                self._keep(request)
