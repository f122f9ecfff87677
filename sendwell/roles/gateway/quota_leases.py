"""What tenants have decided to hand in at most, counted by the limiter for all processes together.

A process leases some in advance and gives them out by itself: few calls wait for the limiter, and
those that wait at the same time ask one question together.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.lease import Wish
from sendwell.domain.limits import Rate
from sendwell.ports.clock import Clock
from sendwell.ports.limiter import Limiter
from sendwell.roles.gateway.quota_lease import QuotaLease
from sendwell.roles.gateway.rate_limit_status import RateLimitStatus
from sendwell.roles.gateway.recount import Recount
from sendwell.runtime.waiting import wait_at_most

SPARE = 1_000
"""As many as one call can hand in."""
_REST_SECONDS = 1.0
_MOST_TENANTS = 10_000


class _Waiting(NamedTuple):
    own: QuotaLease
    wanted: int
    now: int
    answered: asyncio.Future[RateLimitStatus]


class QuotaLeases:
    """The quotas that tenants have set themselves. `run` must run.

    At no time have all processes together let in more than the limiter has counted. For later a
    process holds at most `spare` of that, and one in a hundred of what is left; each second it is
    told anew where it stands, and puts back what nobody wanted for a second.
    """

    def __init__(
        self,
        limiter: Limiter,
        *,
        clock: Clock,
        spare: int = SPARE,
        recount: Recount | None = None,
    ) -> None:
        self._limiter = limiter
        self._clock = clock
        self._spare = spare
        self._recount = recount
        self._leases: dict[TenantId, QuotaLease] = {}
        self._waiting: list[_Waiting] = []
        self._changed = asyncio.Event()
        self._is_closed = False

    async def take(self, tenant: TenantId, rate: Rate, *, count: int, now: int) -> RateLimitStatus:
        """Let so many in, all or none of them. Raises Unavailable when nobody can tell."""
        if self._recount is not None:
            await self._recount.catch_up(tenant, rate, now)
        own = self._quota_lease(tenant, rate)
        if (at_once := own.paid(count, now)) is not None:
            return at_once
        if self._is_closed:
            raise Unavailable("Sendwell is stopping; send this again in a moment.")
        answered: asyncio.Future[RateLimitStatus] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(own, count, now, answered))
        self._changed.set()
        return await answered

    async def run(self) -> None:
        """Ask for those who wait, and put back what nobody wants, until `stop`."""
        while self._waiting or not self._is_closed:
            self._changed.clear()  # whoever comes while we ask is not overheard
            group, self._waiting = self._waiting, []
            if group:
                await self._ask_for(group)
            await self._look_after(self._clock.now())
            if not self._waiting:
                await self._rest()
        await self._look_after(self._clock.now(), is_over=True)

    def stop(self) -> None:
        """Ask for nobody more; what is held is put back."""
        self._is_closed = True
        self._changed.set()

    def _quota_lease(self, tenant: TenantId, rate: Rate) -> QuotaLease:
        """The tenant's. What is held by an earlier rate counts as handed in."""
        own = self._leases.get(tenant)
        if own is None or own.rate != rate:
            if len(self._leases) > _MOST_TENANTS:
                self._leases = {name: each for name, each in self._leases.items() if each.held}
            own = self._leases[tenant] = QuotaLease(tenant, rate)
        return own

    async def _ask_for(self, group: Sequence[_Waiting]) -> None:
        """One question for all of them. Only whoever came by an earlier rate waits again."""
        now = max(each.now for each in group)
        wanted: dict[str, int] = {}
        asking: dict[str, QuotaLease] = {}
        for each in group:
            asking[each.own.key] = each.own
            wanted[each.own.key] = wanted.get(each.own.key, 0) + each.wanted
        wishes = [Wish(key, own.rate, wanted[key], self._spare) for key, own in asking.items()]
        try:
            granted = await self._limiter.lease(wishes, now)
        except Exception as error:  # noqa: BLE001 - each caller hears of it
            _refuse(group, error)
            return
        for own, lease in zip(asking.values(), granted, strict=True):
            own.put(lease, now, wanted=wanted[own.key])
        self._waiting[:0] = [each for each in group if not _is_answered(each, now)]

    async def _look_after(self, now: int, *, is_over: bool = False) -> None:
        """What is held has been told anew within the last second, or is put back."""
        held = [own for own in self._leases.values() if own.held and (is_over or own.is_stale(now))]
        wishes = [own.emptied(now, is_over=is_over) for own in held]
        if not wishes:
            return
        with suppress(Unavailable):  # then it counts as handed in
            for own, lease in zip(held, await self._limiter.lease(wishes, now), strict=True):
                own.put(lease, now, wanted=0)

    async def _rest(self) -> None:
        """Until somebody waits; while something is held, a second at most."""
        is_holding = any(own.held for own in self._leases.values())
        await wait_at_most(self._changed, _REST_SECONDS if is_holding else None)


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for each in group:
        if not each.answered.done():
            each.answered.set_exception(error)


def _is_answered(waiting: _Waiting, now: int) -> bool:
    if waiting.answered.done():  # whoever has asked is gone
        return True
    standing = waiting.own.paid(waiting.wanted, now)
    if standing is not None:
        waiting.answered.set_result(standing)
    return standing is not None
