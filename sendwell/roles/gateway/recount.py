"""What tenants had handed in when this process began, counted again by who forgot it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sendwell.domain.ids import TenantId
from sendwell.domain.lease import Wish
from sendwell.domain.limits import Rate
from sendwell.ports.limiter import Limiter
from sendwell.roles.gateway.quota_lease import key_of

_SLOTS = 1_000
"""Into so many parts the time is divided that a rate looks back on."""
_SHORTEST_SLOT_US = 1_000

Read = Callable[[TenantId, int, int, int], Awaitable[Sequence[tuple[int, int]]]]
"""How many a tenant handed in between two times, by slots of that length: (slot's end, count)."""


class Recount:
    """A limiter in memory begins empty, but a tenant's quota was in use before it.

    So once for each tenant, when it is met first, what it handed in before is taken from its quota
    in the order in which that was; and only as long as the quota looks back on it.
    """

    def __init__(self, limiter: Limiter, read: Read, *, began: int) -> None:
        self._limiter = limiter
        self._read = read
        self._began = began
        self._met: set[TenantId] = set()
        self._one_at_a_time = asyncio.Lock()

    async def catch_up(self, tenant: TenantId, rate: Rate, now: int) -> None:
        """The limiter knows what this tenant has handed in."""
        if tenant in self._met or now - self._began > _whole(rate):
            return
        async with self._one_at_a_time:
            if tenant not in self._met:
                await self._take_again(tenant, rate)
                self._met.add(tenant)

    async def _take_again(self, tenant: TenantId, rate: Rate) -> None:
        since, slot = self._began - _whole(rate), max(_SHORTEST_SLOT_US, _whole(rate) // _SLOTS)
        for end, count in await self._read(tenant, since, self._began, slot):
            wish = Wish(key_of(tenant), rate, count)
            await self._limiter.lease([wish], min(end, self._began))


def _whole(rate: Rate) -> int:
    """How long it takes until the whole burst is there again, in microseconds."""
    return rate.burst * rate.interval_us
