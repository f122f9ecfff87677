"""What limits while the shared limiter is away: the process itself, at its share of each rate."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import structlog

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.domain.errors import Unavailable
from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand, Rate
from sendwell.ports.limiter import Limiter

log = structlog.get_logger()

_PROBES_EVERY_US = 500_000
_PROBE: Demand = (("probe", Rate(1_000_000, 1_000_000)),)
"""Something to ask that takes nothing from anybody."""
_LONGEST_US = 3650 * 86_400_000_000
"""A `Rate` refuses to take longer than ten years for one."""
_SHARES = 1_024
"""Rates are a handful, from the settings; the number of processes moves now and then."""


class FallbackLimiter:
    """Asks `shared`; counts alone for as long as that is Unavailable, and so never raises it.

    Alone means in this process's memory, at the `share` of each rate that falls to one of
    `processes()`. All of them together then keep the pace of each rate, and let through at once no
    more than its burst, or one a process where that is more. Neither side is told what the other
    one let through: going over and coming back are like a lost memory, one burst a key at most.

    While it is away the shared limiter is asked twice a second, and no call waits for that.
    An outage is logged when it begins and when it ends, and begins with one `count_outage()`.
    """

    def __init__(
        self,
        shared: Limiter,
        *,
        processes: Callable[[], int],
        count_outage: Callable[[], object],
    ) -> None:
        self._shared = shared
        self._processes = processes
        self._count_outage = count_outage
        self._own = MemoryLimiter()
        self._probe: asyncio.Task[None] | None = None
        self._probed_at = 0
        self.is_alone = False

    async def take(self, demands: Sequence[Demand], now: int) -> Sequence[Answer]:
        if self._may_ask(now):
            try:
                return await self._shared.take(demands, now)
            except Unavailable as error:
                self._go_alone(error, now)
        processes = self._processes()
        shares = [[(key, share(rate, processes)) for key, rate in demand] for demand in demands]
        return await self._own.take(shares, now)

    async def lease(self, wishes: Sequence[Wish], now: int) -> Sequence[Lease]:
        if self._may_ask(now):
            try:
                return await self._shared.lease(wishes, now)
            except Unavailable as error:
                self._go_alone(error, now)
        processes = self._processes()
        shares = [replace(wish, rate=share(wish.rate, processes)) for wish in wishes]
        return await self._own.lease(shares, now)

    async def close(self) -> None:
        """Ask nothing more. The shared limiter is closed by whoever made it. Idempotent."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait([self._probe])

    def _go_alone(self, error: Unavailable, now: int) -> None:
        """Of calls that fail together the first one begins the outage."""
        if self.is_alone:
            return
        self.is_alone, self._probed_at = True, now
        self._count_outage()
        log.warning("limiter.away", why=error.message, processes=self._processes())

    def _may_ask(self, now: int) -> bool:
        if self.is_alone:
            self._look_again(now)
        return not self.is_alone

    def _look_again(self, now: int) -> None:
        is_under_way = self._probe is not None and not self._probe.done()
        if is_under_way or abs(now - self._probed_at) < _PROBES_EVERY_US:
            return
        self._probed_at = now
        self._probe = asyncio.create_task(self._ask(now))

    async def _ask(self, now: int) -> None:
        try:
            await self._shared.take([_PROBE], now)
        except Unavailable:
            return
        self.is_alone = False
        log.info("limiter.back")


@lru_cache(_SHARES)
def share(rate: Rate, processes: int) -> Rate:
    """What falls to one of so many processes: the pace divided, the burst too, but one at least."""
    processes = max(1, processes)
    slower = min(processes, _LONGEST_US // rate.interval_us)
    return Rate(rate.count, rate.period_us * slower, max(1, rate.burst // processes))
