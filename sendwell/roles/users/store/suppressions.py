"""Suppressions, as rows."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.suppression import Source, outweighs
from sendwell.ports.database import Database, Write
from sendwell.roles.users.store.tokens import plain_token
from sendwell.roles.users.tables import PUSH_TOKEN, SUPPRESSION
from sendwell.runtime.among import among

_PUSH = ChannelName("push")
_MOST_AT_ONCE = 1_000
"""Addresses in one statement: SQLite takes 32,766 parameters."""


class Place(NamedTuple):
    """Where a suppression stands in the list, newest first."""

    changed_at: int
    address_hash: bytes


class Change(NamedTuple):
    """An address is suppressed for a reason known since `at`, or (without one) no longer."""

    tenant: TenantId
    channel: ChannelName
    address_hash: bytes
    reason: str | None
    at: int
    changed_at: int
    source: Source | None = None
    body: bytes | None = None
    """The address, for whoever lists them."""


class Listed(NamedTuple):
    """A suppression as it is listed; the address is None where nobody told it."""

    channel: ChannelName
    address: str | None
    reason: str
    source: Source | None
    at: int
    place: Place


class Narrowed(NamedTuple):
    """What a list is narrowed to; all that is given must match."""

    channel: ChannelName | None = None
    reason: str | None = None
    source: Source | None = None
    hashes: Collection[bytes] | None = None


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
        (changed,) = await self.change_all([change])
        return changed

    async def change_all(self, changes: Sequence[Change]) -> Sequence[Changed]:
        """The same for many, all or nothing."""
        ordered = sorted(enumerate(changes), key=lambda each: each[1].address_hash)
        (done,) = await self._database.commit([Write(_change, [change for _, change in ordered])])
        found = {number: each for (number, _), each in zip(ordered, done, strict=True)}
        return [found[number] for number in range(len(changes))]

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, after: Place | None, limit: int
    ) -> list[Listed]:
        """What is suppressed, what changed last first, behind a place in that list."""
        columns = SUPPRESSION.c
        question = select(SUPPRESSION).where(columns.tenant == tenant, columns.reason.is_not(None))
        if after is not None:
            same = and_(
                columns.changed_at == after.changed_at, columns.address_hash < after.address_hash
            )
            question = question.where(or_(columns.changed_at < after.changed_at, same))
        if narrowed.hashes is not None:
            question = question.where(columns.address_hash.in_(narrowed.hashes))
        for column, wanted in (
            (columns.channel, narrowed.channel),
            (columns.reason, narrowed.reason),
            (columns.source, narrowed.source),
        ):
            if wanted is not None:
                question = question.where(column == wanted)
        newest = (columns.changed_at.desc(), columns.address_hash.desc())
        rows = await self._database.rows(question.order_by(*newest).limit(limit))
        return [_listed(row) for row in rows]

    async def source_of(self, tenant: TenantId, address_hash: bytes) -> tuple[Source | None] | None:
        """Who put the address on the list, as far as that is known; None where it is not there."""
        rows = await self._database.rows(
            select(SUPPRESSION.c.source).where(
                SUPPRESSION.c.tenant == tenant,
                SUPPRESSION.c.address_hash == address_hash,
                SUPPRESSION.c.reason.is_not(None),
            )
        )
        return (_source(rows[0].source),) if rows else None

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
                among(SUPPRESSION.c.address_hash, hashes, self._database),
                SUPPRESSION.c.reason.is_not(None),
            )
        )
        return {row.address_hash: row.reason for row in rows}


class _Known(NamedTuple):
    """What is stored of an address."""

    at: int
    is_suppressed: bool
    source: Source | None


_Here = tuple[TenantId, bytes]


def _change(connection: Connection, changes: Sequence[Change]) -> list[Changed]:
    known = _known(connection, changes)
    return [_change_one(connection, change, known) for change in changes]


def _change_one(connection: Connection, change: Change, known: dict[_Here, _Known]) -> Changed:
    before = known.get(_here(change))
    if change.reason is not None and _is_outdated(connection, change, before):
        return Changed(counts=False)
    counts = change.reason is None or not _is_outweighed(change, before)
    if counts and (before is not None or change.reason is not None):
        _store(connection, change, is_known=before is not None)
        known[_here(change)] = _Known(change.at, change.reason is not None, change.source)
    if change.channel != _PUSH or change.reason is None:
        return Changed(counts)
    losers = (
        connection.execute(select(PUSH_TOKEN.c.user_id).where(_is_token(change))).scalars().all()
    )
    if losers:
        connection.execute(delete(PUSH_TOKEN).where(_is_token(change)))
    return Changed(counts, losers)


def _known(connection: Connection, changes: Sequence[Change]) -> dict[_Here, _Known]:
    """What is stored of the addresses, by one statement for a thousand of a tenant."""
    found: dict[_Here, _Known] = {}
    for tenant in {change.tenant for change in changes}:
        hashes = sorted({change.address_hash for change in changes if change.tenant == tenant})
        for start in range(0, len(hashes), _MOST_AT_ONCE):
            rows = connection.execute(
                select(SUPPRESSION).where(
                    SUPPRESSION.c.tenant == tenant,
                    SUPPRESSION.c.address_hash.in_(hashes[start : start + _MOST_AT_ONCE]),
                )
            )
            for row in rows:
                is_suppressed = row.reason is not None
                found[tenant, row.address_hash] = _Known(row.at, is_suppressed, _source(row.source))
    return found


def _here(change: Change) -> _Here:
    return change.tenant, change.address_hash


def _is_outdated(connection: Connection, change: Change, before: _Known | None) -> bool:
    if before is not None and before.at > change.at:
        return True
    if change.channel != _PUSH:
        return False
    seen = select(PUSH_TOKEN.c.number).where(_is_token(change), PUSH_TOKEN.c.last_seen > change.at)
    return connection.execute(seen).first() is not None


def _is_outweighed(change: Change, before: _Known | None) -> bool:
    return before is not None and before.is_suppressed and outweighs(before.source, change.source)


def _store(connection: Connection, change: Change, *, is_known: bool) -> None:
    values = {
        "reason": change.reason,
        "at": change.at,
        "changed_at": change.changed_at,
        "source": change.source,
        "body": change.body,
    }
    if is_known:
        connection.execute(update(SUPPRESSION).where(_is_address(change)).values(values))
    else:
        connection.execute(insert(SUPPRESSION).values(change._asdict()))


def _is_address(change: Change) -> ColumnElement[bool]:
    return and_(
        SUPPRESSION.c.tenant == change.tenant, SUPPRESSION.c.address_hash == change.address_hash
    )


def _listed(row: Row[Any]) -> Listed:
    return Listed(
        ChannelName(row.channel),
        None if row.body is None else plain_token(row.body),
        row.reason,
        _source(row.source),
        row.at,
        Place(row.changed_at, row.address_hash),
    )


def _source(text: str | None) -> Source | None:
    return None if text is None else Source(text)


def _is_token(change: Change) -> ColumnElement[bool]:
    return and_(
        PUSH_TOKEN.c.tenant == change.tenant, PUSH_TOKEN.c.token_hash == change.address_hash
    )
