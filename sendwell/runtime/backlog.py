"""Accepted notifications on their way to the planner: a bounded window over the journal.

What does not fit is not kept: it is on disk already, and read back by position when there is room.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.fair_queue import FairQueue
from sendwell.domain.ids import Node, Position
from sendwell.domain.lane import BY_NUMBER
from sendwell.messages.requested import Requested
from sendwell.ports.journal import Journal
from sendwell.runtime.batch import next_batch
from sendwell.runtime.weight import weight

Planned = Callable[[Sequence[Position]], Awaitable[Collection[Position]]]
"""Which of these are planned already: their deliveries are open work."""

log = structlog.get_logger()
_WINDOW = 4_096
_PAUSE_SECONDS = 0.5


class Backlog:
    """The planner's queue. High lanes are always kept; the others only while there is room."""

    def __init__(
        self,
        journal: Journal,
        planned: Planned,
        *,
        window: int = _WINDOW,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        self._journal = journal
        self._planned = planned
        self._window = window
        self._chunk = window // 8
        self._queue: FairQueue[Requested] = FairQueue(weigh=weight)
        self._read_from: Position | None = None
        """Behind this position some are only on disk; None: all are in memory."""
        self._last = Position(0)
        """The highest position ever kept in memory: reading back begins behind it."""
        self._expected: set[Position] = set()
        """What is on its way to the disk and will be put: not to be read back before."""
        self._urgent: set[Position] = set()
        self._late: list[Requested] | None = None
        """What came while the disk was being read; None: it is not being read."""
        self._dropped: list[Requested] = []
        """What somebody had in hand and failed with: it may be planned, or not."""
        self._pause_seconds = pause_seconds
        self._changed = asyncio.Event()
        self._came_urgent = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, requests: Sequence[Requested]) -> None:
        """Add freshly accepted notifications, in the order of their positions."""
        for request in requests:
            self._put(request)
        self._changed.set()

    @contextmanager
    def expecting(self, requests: Sequence[Requested]) -> Iterator[None]:
        """While these are on their way to the disk. What got there is put before anything else."""
        positions = {request.position for request in requests}
        self._expected |= positions
        try:
            yield
        finally:
            self._expected -= positions

    def recover(self) -> None:
        """Begin with what an earlier process left unplanned."""
        self._read_from = Position(0)
        self._changed.set()

    @contextmanager
    def in_hand(self, requests: Sequence[Requested]) -> Iterator[None]:
        """While these are being planned. When that fails or is cancelled as a whole, those that are
        not planned by then are handed out again.
        """
        try:
            yield
        except BaseException:
            self._dropped += requests
            raise

    async def wait(self) -> None:
        """Wait until there is something to plan. A disk that cannot be read is read again."""
        while True:
            try:
                await self._look_at_disk()
            except Unavailable as error:
                log.warning("backlog.waits_for_disk", error=error.message)
                await asyncio.sleep(self._pause_seconds)
            if len(self._queue):
                return
            if self._read_from is None and not self._dropped:  # else there is more on disk
                self._changed.clear()
                await self._changed.wait()

    def take(self, most: int) -> list[Requested]:
        """The next notifications to plan, lanes and tenants in their order: as many as are planned
        together.
        """
        return next_batch(self._queue.picks(), most)

    async def take_urgent(self, most: int) -> list[Requested]:
        """The next urgent ones, at least one: waits for it, but never for the disk."""
        while not self._queue.has_urgent:
            self._came_urgent.clear()
            await self._came_urgent.wait()
        return next_batch(self._queue.urgent_picks(), most)

    async def left_by(
        self, node: Node, *, after: Position
    ) -> tuple[list[Requested], Position | None]:
        """The next notifications that another process has accepted and not planned, and behind
        which position there may be more.
        """
        requests = await self._journal.left_by(node, after=after, limit=self._chunk)
        return await self.unknown(requests), requests[-1].position if requests else None

    async def unknown(self, requests: Sequence[Requested]) -> list[Requested]:
        """Those that nobody has planned yet, each once: a bus may bring one twice at a time."""
        arrived = {request.position: request for request in requests}
        positions = list(arrived)
        known = {*await self._planned(positions), *await self._journal.ended(positions)}
        return [request for request in arrived.values() if request.position not in known]

    def _put(self, request: Requested) -> None:
        if BY_NUMBER[request.lane].is_urgent:
            if self._read_from is not None:
                self._urgent.add(request.position)
            self._keep(request)
        elif self._late is not None:
            self._late.append(request)
        elif self._read_from is None and self._is_full_for(request):
            self._read_from = Position(request.position - 1)
        elif self._read_from is None or request.position <= self._read_from:
            self._keep(request)  # also what was numbered before that place, but committed later

    def _is_full_for(self, request: Requested) -> bool:
        return self._queue.weight >= self._window and request.position > self._last

    def _keep(self, request: Requested) -> None:
        self._last = max(self._last, request.position)
        lane = BY_NUMBER[request.lane]
        self._queue.put(lane, request.tenant, request)
        if lane.is_urgent:
            self._came_urgent.set()

    async def _look_at_disk(self) -> None:
        if self._dropped:
            dropped = list(self._dropped)
            self.put(await self.unknown(dropped))
            del self._dropped[: len(dropped)]
        if self._read_from is not None and self._queue.weight < self._window // 2:
            await self._read_back(self._read_from)

    async def _read_back(self, after: Position) -> None:
        self._late = []
        read: Collection[Position] = ()
        try:
            requests, last = await self._journal.unplanned(after=after, limit=self._chunk)
            positions = [request.position for request in requests]
            # In this order: what ends after the first look is found by the second.
            known = {*await self._planned(positions), *await self._journal.ended(positions)}
            self._journal.forget([each for each in requests if each.position in known])
            self._take_in(requests, last, without=known | self._urgent | self._expected)
            read = set(positions)
        finally:  # when the reading fails, what came meanwhile is treated as if it came now
            late, self._late = self._late, None
            self.put([request for request in late if request.position not in read])

    def _take_in(
        self,
        requests: Sequence[Requested],
        last: Position | None,
        *,
        without: Collection[Position],
    ) -> None:
        for request in requests:
            if request.position not in without:
                self._keep(request)
        self._read_from = last
        if last is None:  # the disk has been read to its end: from now on all is in memory again
            self._urgent.clear()
