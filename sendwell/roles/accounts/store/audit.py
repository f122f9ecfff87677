"""The audit log as rows: appended one behind the other, never changed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from sendwell.domain.audit_chain import Entry, Head, seal
from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed, Entrusted
from sendwell.ports.database import Database, Unit, Write
from sendwell.roles.accounts.tables import AUDIT, AUDIT_HEAD

_LONGEST_NAME = 255


class Recorded(NamedTuple):
    """An entry of the log; its chain's part is None for one from before there was a chain."""

    number: int
    deed: Deed
    sequence: int | None
    hash: str | None


def recorded(deed: Deed) -> Unit:
    """The write that puts a deed on record."""
    return [Write(append, [deed])]


def append(connection: Connection, deeds: Sequence[Deed]) -> None:
    """Put deeds on record, each at the end of its tenant's chain.

    The chain's head is locked until the commit, so two processes never write the same link.
    """
    heads: dict[TenantId, Head] = {}
    for deed in deeds:
        head = heads.get(deed.tenant) or _locked(connection, deed.tenant)
        heads[deed.tenant] = _appended(connection, deed, head)
    _move(connection, heads)


def _take(connection: Connection, entrusted: Sequence[Entrusted]) -> None:
    """The same for deeds of other services; those that are there already are passed over."""
    heads: dict[TenantId, Head] = {}
    for each in entrusted:
        tenant = each.deed.tenant
        head = heads.get(tenant) or _locked(connection, tenant)
        is_there = select(AUDIT.c.number).where(AUDIT.c.tenant == tenant, AUDIT.c.deed == each.id)
        if connection.execute(is_there).first() is None:
            head = _appended(connection, each.deed, head, id_=each.id)
        heads[tenant] = head
    _move(connection, heads)


def _appended(connection: Connection, deed: Deed, head: Head, *, id_: str | None = None) -> Head:
    entry = _entry(deed, head.length + 1)
    sealed = seal(head.hash, entry)
    connection.execute(insert(AUDIT).values(**entry._asdict(), hash=sealed, deed=id_))
    return Head(entry.sequence, sealed)


def _move(connection: Connection, heads: Mapping[TenantId, Head]) -> None:
    for tenant, head in heads.items():
        connection.execute(
            update(AUDIT_HEAD).where(AUDIT_HEAD.c.tenant == tenant).values(**head._asdict())
        )


def _locked(connection: Connection, tenant: TenantId) -> Head:
    asked = (
        select(AUDIT_HEAD.c.length, AUDIT_HEAD.c.hash)
        .where(AUDIT_HEAD.c.tenant == tenant)
        .with_for_update()
    )
    if (row := connection.execute(asked).first()) is not None:
        return Head(row.length, row.hash)
    head = Head()
    connection.execute(insert(AUDIT_HEAD).values(tenant=tenant, **head._asdict()))
    return head


def _entry(deed: Deed, sequence: int) -> Entry:
    return Entry(
        deed.tenant,
        sequence,
        deed.at,
        deed.actor[:_LONGEST_NAME],
        deed.action,
        deed.subject[:_LONGEST_NAME],
        msgspec.json.encode(deed.details).decode(),
    )


class AuditStore:
    """Reads the log, and takes what other services have done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, entrusted: Sequence[Entrusted]) -> None:
        """Put deeds of other services on record, each once."""
        await self._database.commit([Write(_take, entrusted)])

    async def page(self, tenant: TenantId, *, before: int | None, limit: int) -> list[Recorded]:
        """The tenant's newest entries, or the newest below a number."""
        asked = select(AUDIT).where(AUDIT.c.tenant == tenant)
        if before is not None:
            asked = asked.where(AUDIT.c.number < before)
        rows = await self._database.rows(asked.order_by(AUDIT.c.number.desc()).limit(limit))
        return [_recorded(row) for row in rows]

    async def links(self, tenant: TenantId, *, after: int, limit: int) -> list[tuple[Entry, str]]:
        """Entries of the chain behind that sequence, in order, with their hashes."""
        rows = await self._database.rows(
            select(AUDIT)
            .where(AUDIT.c.tenant == tenant, AUDIT.c.sequence > after)
            .order_by(AUDIT.c.sequence)
            .limit(limit)
        )
        return [_link(row) for row in rows]

    async def head(self, tenant: TenantId) -> Head:
        """Where the tenant's chain ends."""
        rows = await self._database.rows(
            select(AUDIT_HEAD.c.length, AUDIT_HEAD.c.hash).where(AUDIT_HEAD.c.tenant == tenant)
        )
        return Head(rows[0].length, rows[0].hash) if rows else Head()


def _recorded(row: Row[Any]) -> Recorded:
    details: dict[str, str | int] = msgspec.json.decode(row.details)
    deed = Deed(row.tenant, row.actor, row.action, row.subject, row.at, details)
    return Recorded(row.number, deed, row.sequence, row.hash)


def _link(row: Row[Any]) -> tuple[Entry, str]:
    entry = Entry(row.tenant, row.sequence, row.at, row.actor, row.action, row.subject, row.details)
    return entry, row.hash
