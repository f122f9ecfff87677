"""The list of suppressions as a tenant sees and keeps it."""

from collections.abc import Sequence

from sendwell.channels import all_channels
from sendwell.domain.errors import NotFound
from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.suppression import Source
from sendwell.ports.clock import Clock
from sendwell.ports.directory import Address
from sendwell.ports.tenants import Caller
from sendwell.roles.users.service.suppressions import Notice
from sendwell.roles.users.service.users import Users
from sendwell.roles.users.store.suppressions import Listed, Narrowed, Place, SuppressionStore
from sendwell.runtime.deeds import Deeds


class SuppressionList:
    """What is added and removed by hand; holds at once, and is on record."""

    def __init__(
        self, store: SuppressionStore, users: Users, *, deeds: Deeds, clock: Clock
    ) -> None:
        self._store = store
        self._users = users
        self._deeds = deeds
        self._clock = clock

    async def page(
        self,
        tenant: TenantId,
        narrowed: Narrowed,
        *,
        address: str | None,
        after: Place | None,
        limit: int,
    ) -> list[Listed]:
        """What must not be sent to, what changed last first; only that address, if one is given."""
        if address is not None:
            channels = all_channels() if narrowed.channel is None else [narrowed.channel]
            hashes = [fingerprint(tenant, channel, address) for channel in channels]
            narrowed = narrowed._replace(hashes=hashes)
        return await self._store.page(tenant, narrowed, after=after, limit=limit)

    async def add(self, caller: Caller, addresses: Sequence[tuple[Address, str]]) -> None:
        """These must not be sent to, for those reasons. Idempotent."""
        now, tenant = self._clock.now(), caller.tenant
        await self._record(caller, "suppressions.added", [address for address, _ in addresses])
        notices = [
            Notice(tenant, channel, address, why, now, Source.HAND)
            for (channel, address), why in addresses
        ]
        await self._users.notice(tenant, notices)

    async def remove(self, caller: Caller, channel: ChannelName, address: str) -> None:
        """The address may be sent to again. Raises NotFound where it might all the time."""
        here = fingerprint(caller.tenant, channel, address)
        if await self._store.source_of(caller.tenant, here) is None:
            raise NotFound("This address is not on the list.")
        await self._record(caller, "suppressions.removed", [(channel, address)])
        await self._users.unsuppress(caller.tenant, channel, address=address)

    async def _record(self, caller: Caller, action: str, addresses: Sequence[Address]) -> None:
        """Which one it was is told by its fingerprint: the record holds no personal data."""
        which = {fingerprint(caller.tenant, *address).hex() for address in addresses}
        channels = ",".join(sorted({channel for channel, _ in addresses}))
        subject = which.pop() if len(which) == 1 else "many"
        await self._deeds.record(
            caller, action, subject, {"channels": channels, "addresses": len(addresses)}
        )
