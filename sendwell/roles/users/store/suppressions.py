"""Suppressions, as rows."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database, Write
from sendwell.roles.users.tables import PUSH_TOKEN, SUPPRESSION

_PUSH = ChannelName("push")


class Change(NamedTuple):
    """An address is suppressed for a reason, or (without one) no longer."""

    tenant: TenantId
    channel: ChannelName
    address_hash: bytes
    reason: str | None
    at: int
    changed_at: int


Reasons = dict[bytes, str | None]
"""Why, by the addresses' fingerprints; None where a suppression was lifted."""


class SuppressionStore:
    """Suppressions on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(self, change: Change) -> Sequence[UserId]:
        """Store it; gives the people who lost that push token by it."""
        ((users,),) = await self._database.commit([Write(_change, [change])])
        return users  # type: ignore[no-any-return]

    async def changed_since(self, tenant: TenantId, since: int, *, most: int) -> Reasons:
        """What has changed since then (0: all that is suppressed), but not more than `most`."""
        question = select(SUPPRESSION.c.address_hash, SUPPRESSION.c.reason).where(
            SUPPRESSION.c.tenant == tenant, SUPPRESSION.c.changed_at >= since
        )
        if not since:
            question = question.where(SUPPRESSION.c.reason.is_not(None))
        rows = await self._database.rows(question.limit(most))
        return {row.address_hash: row.reason for row in rows}

    async def among(self, tenant: TenantId, hashes: Collection[bytes]) -> dict[bytes, str]:
        """Those of the addresses that are suppressed."""
        rows = await self._database.rows(
            select(SUPPRESSION.c.address_hash, SUPPRESSION.c.reason).where(
                SUPPRESSION.c.tenant == tenant,
                SUPPRESSION.c.address_hash.in_(hashes),
                SUPPRESSION.c.reason.is_not(None),
            )
        )
        return {row.address_hash: row.reason for row in rows}


def _change(connection: Connection, changes: Sequence[Change]) -> list[Sequence[UserId]]:
    return [_change_one(connection, change) for change in changes]


def _change_one(connection: Connection, change: Change) -> Sequence[UserId]:
    _store(connection, change)
    if change.channel != _PUSH or change.reason is None:
        return ()
    token = and_(
        PUSH_TOKEN.c.tenant == change.tenant, PUSH_TOKEN.c.token_hash == change.address_hash
    )
    users: Sequence[UserId] = (
        connection.execute(select(PUSH_TOKEN.c.user_id).where(token)).scalars().all()
    )
    if users:
        connection.execute(delete(PUSH_TOKEN).where(token))
    return users


def _store(connection: Connection, change: Change) -> None:
    values = {"reason": change.reason, "at": change.at, "changed_at": change.changed_at}
    which = and_(
        SUPPRESSION.c.tenant == change.tenant, SUPPRESSION.c.address_hash == change.address_hash
    )
    is_known = connection.execute(update(SUPPRESSION).where(which).values(values)).rowcount
    if not is_known and change.reason is not None:
        row = {**change._asdict(), **values}
        connection.execute(insert(SUPPRESSION).values(row))
