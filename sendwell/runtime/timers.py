"""Timers without polling: the next stretch is in memory, one sleep ends exactly at the next.

Times are rows; 100,000 of them far ahead cost nothing here but the stretch that is held.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.ports.clock import Clock
from sendwell.runtime.waiting import wait_at_most

log = structlog.get_logger()

Due = tuple[int, int]
"""When (microseconds since 1970) and the number of what is due."""

Load = Callable[[Due, int], Awaitable[Sequence[Due]]]
"""The next timers behind one, soonest first, at most so many."""

Fire = Callable[[Sequence[int]], Awaitable[None]]

_STRETCH = 4_096
_CHUNK = 512
_LONGEST_SLEEP = 30.0  # the wall clock may be set while we sleep
_AFTER_A_FAILURE_SECONDS = 0.5
_FOREVER = (2**63 - 1, 2**63 - 1)


class Timers:
    """Fires numbers at their times. Everything up to the horizon is in memory, the rest on disk."""

    def __init__(self, clock: Clock, *, load: Load, fire: Fire) -> None:
        self._clock = clock
        self._load = load
        self._fire = fire
        self._heap: list[Due] = []
        self._horizon: Due = (0, 0)
        self._sooner = asyncio.Event()

    def __len__(self) -> int:
        """How many are held in memory."""
        return len(self._heap)

    def add(self, due: int, number: int) -> None:
        """A timer that is on disk by now."""
        timer = (due, number)
        if timer > self._horizon:
            return
        heapq.heappush(self._heap, timer)
        if len(self._heap) > 2 * _STRETCH:
            self._forget_the_far()
        if self._heap[0] == timer:
            self._sooner.set()

    async def run(self) -> None:
        """Fire timers as they come due, for ever. What fails is tried again, a moment later."""
        while True:
            try:
                await self._turn()
            except Unavailable:  # whoever is away tells so itself
                await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)
            except Exception:
                log.exception("timers.failed")
                await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)

    async def _turn(self) -> None:
        if not self._heap and self._horizon < _FOREVER:
            await self._load_stretch()
        if due := self._due():
            await self._fire_or_keep(due)
        else:
            await self._sleep()

    async def _fire_or_keep(self, due: Sequence[int]) -> None:
        try:
            await self._fire(due)
        except BaseException:
            for number in due:
                heapq.heappush(self._heap, (0, number))
            raise

    def _due(self) -> list[int]:
        now = self._clock.now()
        due: list[int] = []
        while self._heap and self._heap[0][0] <= now and len(due) < _CHUNK:
            due.append(heapq.heappop(self._heap)[1])
        return due

    async def _sleep(self) -> None:
        self._sooner.clear()
        if self._heap:
            wait = min((self._heap[0][0] - self._clock.now()) / 1e6, _LONGEST_SLEEP)
        elif self._horizon < _FOREVER:
            return
        else:
            wait = _LONGEST_SLEEP
        await wait_at_most(self._sooner, max(wait, 0))

    async def _load_stretch(self) -> None:
        before = self._horizon
        self._horizon = _FOREVER  # what is added while we read is kept; doubles fire harmlessly
        try:
            timers = await self._load(before, _STRETCH)
        except BaseException:
            self._forget_behind(before)
            raise
        for timer in timers:
            heapq.heappush(self._heap, timer)
        # So much may have been added meanwhile that not even all up to there is held.
        last = timers[-1] if len(timers) == _STRETCH else _FOREVER
        self._forget_behind(min(self._horizon, last))

    def _forget_behind(self, horizon: Due) -> None:
        """What is further away is on disk only, from now on."""
        self._horizon = horizon
        self._heap = [timer for timer in self._heap if timer <= horizon]
        heapq.heapify(self._heap)

    def _forget_the_far(self) -> None:
        self._heap = heapq.nsmallest(_STRETCH, self._heap)
        self._horizon = self._heap[-1]
