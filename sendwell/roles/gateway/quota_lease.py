"""What a process holds of one tenant's quota, and where that stood when it was told last."""

from sendwell.domain.ids import TenantId
from sendwell.domain.lease import Lease, Wish, room_of
from sendwell.domain.limits import Rate
from sendwell.roles.gateway.rate_limit_status import RateLimitStatus, never_fits, refused, status_at

_FRESH_US = 1_000_000
"""What was told so long ago, or not yet, still holds."""


def key_of(tenant: TenantId) -> str:
    """By which the limiter counts it."""
    return f"quota:{tenant}"


class QuotaLease:
    """What this process has leased is already counted by the limiter."""

    __slots__ = ("_tat", "_told_at", "_unreal", "_used_at", "held", "key", "rate")

    def __init__(self, tenant: TenantId, rate: Rate) -> None:
        self.key = key_of(tenant)
        self.rate = rate
        self.held = 0
        self._tat = self._told_at = self._used_at = 0
        self._unreal = 0
        """How much room the TAT shows although the limiter has granted less than was asked for: in
        the fallback, where each process has only a share of the rate.
        """

    def put(self, lease: Lease, now: int, *, wanted: int) -> None:
        """Hold what was granted, and know where it stands."""
        self.held += lease.granted
        self._tat, self._told_at = lease.tat, now
        is_spent = lease.granted < wanted
        self._unreal = room_of(self.rate, lease.tat, now) if is_spent else 0

    def paid(self, count: int, now: int) -> RateLimitStatus | None:
        """Give so many out, or refuse them; None: somebody has to ask whether there are more."""
        if count <= self.held:
            self.held -= count
            self._used_at = now
            return status_at(self.rate, self._tat, held=self.held, now=now)
        room = room_of(self.rate, self._tat, now) - self._unreal
        is_over = count > self.held + room and not self.is_stale(now)
        if is_over or never_fits(self.rate, count):
            return refused(self.rate, self._tat, count=count, held=self.held, now=now)
        return None

    def is_stale(self, now: int) -> bool:
        """Whether the TAT was read a second ago or more: others may have moved it since."""
        return abs(now - self._told_at) >= _FRESH_US

    def emptied(self, now: int, *, is_over: bool) -> Wish:
        """What nobody wants any more is put back, and nothing else is asked."""
        unused = self.held if is_over or now - self._used_at >= _FRESH_US else 0
        self.held -= unused
        return Wish(self.key, self.rate, returned=unused)
