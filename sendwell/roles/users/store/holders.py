"""Who has an address, in whichever tenant."""

from typing import NamedTuple

from sqlalchemy import func, select

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database
from sendwell.roles.users.tables import CONTACT


class Holder(NamedTuple):
    """A person of a tenant."""

    tenant: TenantId
    user: UserId


class HolderStore:
    """Contacts on a SQL database, looked at from the side of the address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, channel: ChannelName, address: str, *, tenant: TenantId | None = None
    ) -> list[Holder]:
        """The people who have it: one tenant's, or (None) everybody's.

        Fingerprints differ between tenants, so each is asked for by itself, by its index.
        """
        if tenant is not None:
            return await self._of(tenant, channel, address)
        found: list[Holder] = []
        each = await self._behind(TenantId(""))
        while each is not None:
            found += await self._of(each, channel, address)
            each = await self._behind(each)
        return found

    async def _behind(self, tenant: TenantId) -> TenantId | None:
        """The next tenant with contacts."""
        (row,) = await self._database.rows(
            select(func.min(CONTACT.c.tenant).label("first")).where(CONTACT.c.tenant > tenant)
        )
        return None if row.first is None else TenantId(row.first)

    async def _of(self, tenant: TenantId, channel: ChannelName, address: str) -> list[Holder]:
        rows = await self._database.rows(
            select(CONTACT.c.user_id).where(
                CONTACT.c.tenant == tenant,
                CONTACT.c.address_hash == fingerprint(tenant, channel, address),
                CONTACT.c.channel == channel,
            )
        )
        return [Holder(tenant, UserId(row.user_id)) for row in rows]
