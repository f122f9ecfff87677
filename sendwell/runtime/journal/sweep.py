"""Keeps the journal from growing for ever: an hourly look that nobody waits for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.ports.clock import Clock
from sendwell.runtime.journal.journal import SqlJournal

log = structlog.get_logger()
_EVERY_SECONDS = 3_600
_AGAIN_SECONDS = 300
_MICROSECOND = timedelta(microseconds=1)
OpenAmong = Callable[[Sequence[int]], Awaitable[set[int]]]
"""Those of the positions whose notification has open work: it stays."""


class Sweep:
    """Forgets what nobody will ask for any more.

    `part` replaces the deletion row by row where tables are partitioned. `also` run first, given
    the time. `following` run last, given the time before which no notification is kept. `agreed`
    gives the earlier of our clock and the database server's: what is deleted, is so for everybody.
    """

    def __init__(
        self,
        journal: SqlJournal,
        clock: Clock,
        *,
        retention: timedelta,
        open_among: OpenAmong,
        part: Callable[[int], Awaitable[None]] | None,
        agreed: Callable[[int], Awaitable[int]] | None,
        also: Sequence[Callable[[int], Awaitable[None]]] = (),
        following: Sequence[Callable[[int], Awaitable[int]]] = (),
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._retention = retention // _MICROSECOND
        self._open_among = open_among
        self._part = part
        self._agreed = agreed
        self._also = also
        self._following = following

    async def run(self) -> None:
        """Now and every hour; soon again when the database is away, or others hold its tables."""
        while True:
            pause = _EVERY_SECONDS
            try:
                await self.once()
            except Unavailable as error:
                pause = _AGAIN_SECONDS
                log.warning("journal.sweep_waits", error=error.message)
            await asyncio.sleep(pause)

    async def once(self) -> None:
        """Forget keys that no longer count, and notifications that are older than is kept."""
        now = self._clock.now()
        if self._agreed is not None:
            now = await self._agreed(now)
        for forget in self._also:
            await forget(now)
        if self._part is not None:
            await self._part(now)
        else:
            await self._forget(now)
        following = [await forget(now - self._retention) for forget in self._following]
        if any(following):
            log.info("journal.followed", rows=sum(following))

    async def _forget(self, now: int) -> None:
        keys = await self._journal.forget_keys(now)
        old = await self._journal.forget_before(now - self._retention, open_among=self._open_among)
        if keys or old:
            log.info("journal.swept", keys=keys, notifications=old)
