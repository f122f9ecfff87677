"""What people had been sent today when this process began, counted again by who forgot it."""

import asyncio
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.limiter import Demand, Limiter
from sendwell.roles.delivery import own_limits
from sendwell.roles.delivery.own_limits import Case

_HOUR_US = 3_600_000_000
_LONGEST_DAY_US = 26 * _HOUR_US
"""After that nobody's day is the one in which we began."""
_MOST_PEOPLE = 100_000
"""As many as the limiter in memory keeps apart."""


class Attempted(NamedTuple):
    """A delivery to a person that was attempted; `at` is when last, in microseconds since 1970."""

    user: UserId
    event_type: str
    at: int


class Past(Protocol):
    """What lies on disk of the time before; all times are microseconds since 1970."""

    async def has_asked(self, tenant: TenantId, since: int, until: int) -> bool:
        """Whether the tenant asked for anything that may have been attempted between the two."""
        ...

    async def attempted(
        self, tenant: TenantId, users: Collection[UserId], since: int, until: int
    ) -> Sequence[Attempted]:
        """What was attempted to these people between the two."""
        ...


class Recount:
    """A limiter in memory begins empty, but a person's day has begun before it.

    So of each person who has a budget, what went out before is taken from it before anything else:
    once, when they are met first, and only as long as today can be the day in which we began. What
    went to several people by one request is not known by person, and left out.
    """

    def __init__(self, limiter: Limiter, past: Past, *, began: int) -> None:
        self._limiter = limiter
        self._past = past
        self._began = began
        self._is_new: dict[TenantId, bool] = {}
        self._met: set[tuple[TenantId, UserId]] = set()
        self._one_at_a_time = asyncio.Lock()

    async def catch_up(self, cases: Sequence[Case], now: int) -> None:
        """The limiter knows what these people have been sent today."""
        if now - self._began > _LONGEST_DAY_US:
            self._met.clear()
            return
        async with self._one_at_a_time:
            strangers = self._strangers(cases)
            for tenant in {tenant for tenant, _ in strangers}:
                own = {user: case for (of, user), case in strangers.items() if of == tenant}
                await self._limiter.take(await self._demands(tenant, own, now), now)
            self._met |= strangers.keys()

    def _strangers(self, cases: Sequence[Case]) -> dict[tuple[TenantId, UserId], Case]:
        """Those who may have been sent something before we began."""
        if len(self._met) >= _MOST_PEOPLE:
            return {}
        found = {
            (case.task.request.tenant, case.spared): case
            for case in cases
            if case.spared is not None and case.policy.budget is not None
        }
        return {
            (tenant, user): case
            for (tenant, user), case in found.items()
            if not self._is_new.get(tenant) and (tenant, user) not in self._met
        }

    async def _began_here(self, tenant: TenantId) -> bool:
        """Whether all that the tenant ever asked for in time was asked of us, and counted then."""
        if tenant not in self._is_new:
            since = self._began - _LONGEST_DAY_US
            self._is_new[tenant] = not await self._past.has_asked(tenant, since, self._began)
        return self._is_new[tenant]

    async def _demands(self, tenant: TenantId, own: dict[UserId, Case], now: int) -> list[Demand]:
        """One for each delivery of today that counts."""
        if await self._began_here(tenant):
            return []
        since = self._began - _LONGEST_DAY_US
        demands: list[Demand] = []
        for user, event_type, at in await self._past.attempted(tenant, own, since, self._began):
            case = own[user]
            is_today = own_limits.day(case, at) == own_limits.day(case, now)
            if is_today and not case.policy.classify(event_type).is_critical:
                demands.append(own_limits.day_demand(case, now))
        return demands
