"""Suppressions, as rows."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database, Write
from sendwell.roles.users.tables import PUSH_TOKEN, SUPPRESSION

_PUSH = ChannelName("push")


class Change(NamedTuple):
    """An address is suppressed for a reason known since `at`, or (without one) no longer."""

    tenant: TenantId
    channel: ChannelName
    address_hash: bytes
    reason: str | None
    at: int
    changed_at: int


class Changed(NamedTuple):
    """What became of a change: whether it counts, and who lost a push token by it."""

    counts: bool
    losers: Sequence[UserId] = ()


Reasons = dict[bytes, str | None]
"""Why, by the addresses' fingerprints; None where a suppression was lifted."""


class SuppressionStore:
    """Suppressions on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(self, change: Change) -> Changed:
        """Store it, unless something later is known: a lift, or the app with that push token."""
        ((changed,),) = await self._database.commit([Write(_change, [change])])
        return changed  # type: ignore[no-any-return]

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


def _change(connection: Connection, changes: Sequence[Change]) -> list[Changed]:
    return [_change_one(connection, change) for change in changes]


def _change_one(connection: Connection, change: Change) -> Changed:
    if change.reason is not None and _is_outdated(connection, change):
        return Changed(counts=False)
    _store(connection, change)
    if change.channel != _PUSH or change.reason is None:
        return Changed(counts=True)
    losers = (
        connection.execute(select(PUSH_TOKEN.c.user_id).where(_is_token(change))).scalars().all()
    )
    if losers:
        connection.execute(delete(PUSH_TOKEN).where(_is_token(change)))
    return Changed(counts=True, losers=losers)


def _is_outdated(connection: Connection, change: Change) -> bool:
    later = select(SUPPRESSION.c.at).where(_is_address(change), SUPPRESSION.c.at > change.at)
    if connection.execute(later).first() is not None:
        return True
    seen = select(PUSH_TOKEN.c.number).where(_is_token(change), PUSH_TOKEN.c.last_seen > change.at)
    return change.channel == _PUSH and connection.execute(seen).first() is not None


def _store(connection: Connection, change: Change) -> None:
    values = {"reason": change.reason, "at": change.at, "changed_at": change.changed_at}
    known = update(SUPPRESSION).where(_is_address(change)).values(values)
    if not connection.execute(known).rowcount and change.reason is not None:
        connection.execute(insert(SUPPRESSION).values(change._asdict()))


def _is_address(change: Change) -> ColumnElement[bool]:
    return and_(
        SUPPRESSION.c.tenant == change.tenant, SUPPRESSION.c.address_hash == change.address_hash
    )


def _is_token(change: Change) -> ColumnElement[bool]:
    return and_(
        PUSH_TOKEN.c.tenant == change.tenant, PUSH_TOKEN.c.token_hash == change.address_hash
    )
