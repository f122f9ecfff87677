"""Which tenants' held work is being looked through, and how far."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sendwell.domain.ids import TenantId, UserId
from sendwell.roles.delivery.held import HeldPlace

MOST_NAMED = 5_000
"""People of a tenant who are looked for one by one; of more, everything is looked at."""


@dataclass(slots=True)
class Sweep:
    """On the way through what is held of a tenant, looking for these people; None: for anybody."""

    users: Collection[UserId] | None
    place: HeldPlace = field(default_factory=HeldPlace)


class Sweeps:
    """One for each tenant, in turn. Whoever changes while it is on its way waits for the next."""

    def __init__(self) -> None:
        self._running: dict[TenantId, Sweep] = {}
        self._wanted: dict[TenantId, set[UserId] | None] = {}

    def __bool__(self) -> bool:
        return bool(self._running or self._wanted)

    def want(self, tenant: TenantId, users: Collection[UserId] | None) -> None:
        """What is held for them has to be found by going through everything."""
        wanted = self._wanted.get(tenant, set())
        if users is None or wanted is None or len(wanted) + len(users) > MOST_NAMED:
            self._wanted[tenant] = None
        else:
            self._wanted[tenant] = wanted | set(users)

    def begin(self) -> None:
        """Set out for what was wanted, where nobody is on the way."""
        for tenant in [tenant for tenant in self._wanted if tenant not in self._running]:
            self._running[tenant] = Sweep(self._wanted.pop(tenant))

    def first(self) -> tuple[TenantId, Sweep] | None:
        """Whose turn it is."""
        return next(iter(self._running.items()), None)

    def reached(self, tenant: TenantId, place: HeldPlace | None) -> None:
        """It has come so far, and the others are next; None: it is at the end."""
        sweep = self._running.pop(tenant)
        if place is not None:
            sweep.place = place
            self._running[tenant] = sweep
