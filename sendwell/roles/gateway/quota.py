"""How many notifications a tenant may hand in, and what it is told about that (RateLimit headers).

The fields are those of draft-ietf-httpapi-ratelimit-headers-11: one policy named `tenant`. It is
the tenant's own quota where it has one, and it also keeps to what the installation takes from each.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

import msgspec

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.runtime.server.calls import Header

_SECOND = 1_000_000
_MOST_TENANTS = 10_000


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where a tenant stands after a request."""

    policy: bytes
    remaining: int
    reset_seconds: int
    refusal: Unavailable | None = None
    """Why nothing was taken, if so: it is too many for now (429)."""

    @property
    def headers(self) -> list[Header]:
        """As the answer says it."""
        limit = b'"tenant";r=%d;t=%d' % (self.remaining, self.reset_seconds)
        return [(b"ratelimit-policy", self.policy), (b"ratelimit", limit)]


class Quota:
    """Counts notifications by tenant for one process (GCRA; see domain.limits)."""

    def __init__(self, rate: Rate, policy: Callable[[TenantId], Policy]) -> None:
        self._policy = policy
        self._everybodys = _Meter()
        self._own = _Meter()
        self.use(rate)

    def use(self, rate: Rate) -> None:
        """From now on this is what the installation takes from each tenant."""
        self._rate = rate

    def take(self, tenant: TenantId, count: int, now: int) -> Standing:
        """Let `count` notifications in, all or none of them."""
        own = self._policy(tenant).quota
        if own is None:
            return self._everybodys.take(tenant, self._rate, count=count, now=now)
        if refused := self._own.refused(tenant, own, count=count, now=now):
            return refused
        standing = self._everybodys.take(tenant, self._rate, count=count, now=now)
        if standing.refusal is not None:
            return standing
        return self._own.take(tenant, own, count=count, now=now)


class _Meter:
    """What tenants have taken, as TATs."""

    def __init__(self) -> None:
        self._tats: dict[TenantId, int] = {}

    def take(self, tenant: TenantId, rate: Rate, *, count: int, now: int) -> Standing:
        """Take so many, if there is room for all of them."""
        room = now + rate.tolerance_us + rate.interval_us
        taken = self._ahead(tenant, room, now) + count * rate.interval_us
        if taken > room:
            return _refused(rate, taken, count=count, room=room, now=now)
        if len(self._tats) > _MOST_TENANTS:
            self._tats = {known: at for known, at in self._tats.items() if at > now}
        self._tats[tenant] = taken
        return _standing(rate, taken, room=room, now=now)

    def refused(self, tenant: TenantId, rate: Rate, *, count: int, now: int) -> Standing | None:
        """What `take` would say, if there is no room."""
        room = now + rate.tolerance_us + rate.interval_us
        taken = self._ahead(tenant, room, now) + count * rate.interval_us
        return _refused(rate, taken, count=count, room=room, now=now) if taken > room else None

    def _ahead(self, tenant: TenantId, room: int, now: int) -> int:
        """The tenant's TAT. One further ahead than a burst puts it is from before the rate was
        changed, or the clock set back: it counts as a burst from now on.
        """
        tat = self._tats.get(tenant, now)
        if tat > room:
            tat = self._tats[tenant] = room
        return max(tat, now)


def _standing(
    rate: Rate, tat: int, *, room: int, now: int, refusal: Unavailable | None = None
) -> Standing:
    reset_seconds = -(-(tat - now) // _SECOND)
    return Standing(_header(rate), (room - tat) // rate.interval_us, reset_seconds, refusal)


def _refused(rate: Rate, taken: int, *, count: int, room: int, now: int) -> Standing:
    refusal = Unavailable(
        f"More than {rate} notifications; send the rest later.",
        retry_after=timedelta(microseconds=max(taken - room, rate.interval_us)),
        is_too_many=True,
    )
    before = taken - count * rate.interval_us
    return _standing(rate, before, room=room, now=now, refusal=refusal)


@lru_cache(maxsize=1_024)
def _header(rate: Rate) -> bytes:
    """The policy in its own header; remembered, for it is told with each answer."""
    return b'"tenant";q=%d;w=%d' % (rate.burst, max(1, rate.period_us // _SECOND))
