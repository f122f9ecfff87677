"""How many notifications a tenant may hand in: what it has decided, within the installation's."""

from collections.abc import Callable

from sendwell.domain.ids import TenantId
from sendwell.domain.lease import room_of
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.roles.gateway.quota_leases import QuotaLeases
from sendwell.roles.gateway.rate_limit_status import RateLimitStatus, refused, status_at

_MOST_TENANTS = 10_000


class Quota:
    """Both bounds of a tenant, of which it is told its own where it has one.

    The installation's guards this process, and is counted here; a tenant's own is counted for all
    processes together.
    """

    def __init__(self, rate: Rate, policy: Callable[[TenantId], Policy], own: QuotaLeases) -> None:
        self._policy = policy
        self._everybodys = _Meter()
        self._own = own
        self.use(rate)

    def use(self, rate: Rate) -> None:
        """From now on this is what the installation takes from each tenant."""
        self._rate = rate

    async def take(self, tenant: TenantId, count: int, now: int) -> RateLimitStatus:
        """Let `count` notifications in, all or none of them.

        Raises Unavailable when nobody can tell whether they fit.
        """
        here, own = self._rate, self._policy(tenant).quota
        everybodys = self._everybodys.take(tenant, here, count=count, now=now)
        if own is None or everybodys.refusal is not None:
            return everybodys
        is_let_in = False
        try:
            taken = await self._own.take(tenant, own, count=count, now=now)
            is_let_in = taken.refusal is None
        finally:
            if not is_let_in:
                self._everybodys.put_back(tenant, here, count)
        return taken


class _Meter:
    """What tenants have taken, as TATs (GCRA; see domain.limits)."""

    def __init__(self) -> None:
        self._tats: dict[TenantId, int] = {}

    def take(self, tenant: TenantId, rate: Rate, *, count: int, now: int) -> RateLimitStatus:
        """Take so many, if there is room for all of them."""
        tat = self._ahead(tenant, rate, now)
        if count > room_of(rate, tat, now):
            return refused(rate, tat, count=count, now=now)
        if len(self._tats) > _MOST_TENANTS:
            self._tats = {known: at for known, at in self._tats.items() if at > now}
        self._tats[tenant] = tat + count * rate.interval_us
        return status_at(rate, self._tats[tenant], now=now)

    def put_back(self, tenant: TenantId, rate: Rate, count: int) -> None:
        """They were not let in after all."""
        if tenant in self._tats:
            self._tats[tenant] -= count * rate.interval_us

    def _ahead(self, tenant: TenantId, rate: Rate, now: int) -> int:
        """The tenant's TAT. One further ahead than a burst puts it is from before the rate was
        changed, or the clock set back: it counts as a burst from now on.
        """
        furthest, tat = now + rate.tolerance_us + rate.interval_us, self._tats.get(tenant, now)
        if tat > furthest:
            tat = self._tats[tenant] = furthest
        return max(tat, now)
