"""How many notifications a tenant may hand in, and what it is told about that (RateLimit headers).

The fields are those of draft-ietf-httpapi-ratelimit-headers-11: one policy named `tenant`.
"""

from datetime import timedelta

import msgspec

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.limits import Rate
from sendwell.runtime.server.calls import Header

_SECOND = 1_000_000
_MOST_TENANTS = 10_000


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where a tenant stands after a request."""

    policy: bytes
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> list[Header]:
        """As the answer says it."""
        limit = b'"tenant";r=%d;t=%d' % (self.remaining, self.reset_seconds)
        return [(b"ratelimit-policy", self.policy), (b"ratelimit", limit)]


class Quota:
    """Counts notifications by tenant for one process (GCRA; see domain.limits)."""

    def __init__(self, rate: Rate) -> None:
        self._tats: dict[TenantId, int] = {}
        self.use(rate)

    def use(self, rate: Rate) -> None:
        """From now on this is the quota."""
        self._rate = rate
        window = max(1, rate.period_us // _SECOND)
        self._policy = b'"tenant";q=%d;w=%d' % (rate.burst, window)

    def take(self, tenant: TenantId, count: int, now: int) -> Standing:
        """Let `count` notifications in. Raises Unavailable (429) when that is too many for now."""
        rate = self._rate
        tat = max(self._tats.get(tenant, now), now)
        taken = tat + count * rate.interval_us
        room = now + rate.tolerance_us + rate.interval_us
        if taken > room:
            wait = max(taken - room, rate.interval_us)
            raise Unavailable(
                f"More than {rate} notifications; send the rest later.",
                retry_after=timedelta(microseconds=wait),
                is_too_many=True,
            )
        if len(self._tats) > _MOST_TENANTS:
            self._tats = {known: at for known, at in self._tats.items() if at > now}
        self._tats[tenant] = taken
        remaining = (room - taken) // rate.interval_us
        return Standing(self._policy, remaining, -(-(taken - now) // _SECOND))
