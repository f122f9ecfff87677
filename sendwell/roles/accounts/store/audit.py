"""The audit log as rows: appended one behind the other, never changed."""

from collections.abc import Collection, Sequence
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
    chains = _Chains(connection, {deed.tenant for deed in deeds})
    for deed in deeds:
        chains.append(deed)
    chains.write()


def _take(connection: Connection, entrusted: Sequence[Entrusted]) -> None:
    """The same for deeds of other services; those that are there already are passed over."""
    chains = _Chains(connection, {each.deed.tenant for each in entrusted})
    by_id = {(each.deed.tenant, each.id): each.deed for each in entrusted}
    for (tenant, id_), deed in by_id.items():
        is_there = select(AUDIT.c.number).where(AUDIT.c.tenant == tenant, AUDIT.c.deed == id_)
        if connection.execute(is_there).first() is None:
            chains.append(deed, id_)
    chains.write()


class _Chains:
    """Some tenants' chains, whose ends are held by this transaction."""

    def __init__(self, connection: Connection, tenants: Collection[TenantId]) -> None:
        self._connection = connection
        # Two that lock the same chains do so in one order.
        self._heads = {tenant: _locked(connection, tenant) for tenant in sorted(tenants)}
        self._rows: list[dict[str, object]] = []

    def append(self, deed: Deed, id_: str | None = None) -> None:
        head = self._heads[deed.tenant]
        entry = _entry(deed, head.length + 1)
        sealed = seal(head.hash, entry)
        self._rows.append({**entry._asdict(), "hash": sealed, "deed": id_})
        self._heads[deed.tenant] = Head(entry.sequence, sealed)

    def write(self) -> None:
        """All of them by one statement: people are changed by the thousand."""
        if not self._rows:
            return
        self._connection.execute(insert(AUDIT), self._rows)
        for tenant, head in self._heads.items():
            self._connection.execute(
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

    async def page(
        self, tenant: TenantId, *, before: int | None, limit: int, subject: str | None = None
    ) -> list[Recorded]:
        """The tenant's newest entries, or the newest below a number; all, or those about one."""
        asked = select(AUDIT).where(AUDIT.c.tenant == tenant)
        if subject is not None:
            asked = asked.where(AUDIT.c.subject == subject)
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
