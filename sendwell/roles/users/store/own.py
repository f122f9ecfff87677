"""What is held of one person beside profile, choices and consent."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database
from sendwell.roles.users.tables import PERSON_LOGIN, SUBSCRIPTION, SUPPRESSION


class OwnStore:
    """Rows of a person, read for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def subscriptions(self, tenant: TenantId, user: UserId) -> Sequence[Row[Any]]:
        """The topics they have chosen."""
        question = select(SUBSCRIPTION.c.topic, SUBSCRIPTION.c.at).where(
            SUBSCRIPTION.c.tenant == tenant, SUBSCRIPTION.c.user_id == user
        )
        return await self._database.rows(question.order_by(SUBSCRIPTION.c.topic))

    async def log_in(self, tenant: TenantId, user: UserId) -> Sequence[Row[Any]]:
        """Since when they can log in; nothing of the password."""
        question = select(PERSON_LOGIN.c.changed_at, PERSON_LOGIN.c.sessions_from)
        return await self._database.rows(
            question.where(PERSON_LOGIN.c.tenant == tenant, PERSON_LOGIN.c.user_id == user)
        )

    async def suppressions(
        self, tenant: TenantId, addresses: Iterable[tuple[ChannelName, str]]
    ) -> list[tuple[str, Row[Any]]]:
        """Those of their addresses that nothing goes to, with the reason."""
        hashes = {fingerprint(tenant, *address): address[1] for address in addresses}
        rows = await self._database.rows(
            select(SUPPRESSION).where(
                SUPPRESSION.c.tenant == tenant,
                SUPPRESSION.c.address_hash.in_(hashes),
                SUPPRESSION.c.reason.is_not(None),
            )
        )
        return [(hashes[row.address_hash], row) for row in rows]
