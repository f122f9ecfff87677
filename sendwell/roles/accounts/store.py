"""What the accounts role remembers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Unit, Write, core
from sendwell.roles.accounts.keys import Key
from sendwell.roles.accounts.tables import API_KEY, AUDIT, TENANT


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organization."""

    tenant: TenantId
    name: str
    is_sandboxed: bool
    rules: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept."""

    tenant: TenantId
    name: str
    hash: str
    is_revoked: bool


class AccountStore:
    """Tenants, keys and the audit log on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tenants(self) -> list[Tenant]:
        """All of them."""
        rows = await self._database.rows(select(TENANT))
        return [
            Tenant(row.tenant, row.name, row.is_sandboxed, msgspec.json.decode(row.rules))
            for row in rows
        ]

    async def add_tenant(self, tenant: Tenant, now: int) -> None:
        """Store a new tenant."""
        await self._database.execute(
            insert(TENANT).values(
                tenant=tenant.tenant,
                name=tenant.name,
                is_sandboxed=tenant.is_sandboxed,
                rules=msgspec.json.encode(tenant.rules).decode(),
                created_at=now,
            )
        )

    async def set_rules(self, tenant: TenantId, rules: dict[str, Any], deed: Deed) -> None:
        """Replace a tenant's rules, on the record."""
        text = msgspec.json.encode(rules).decode()
        change = update(TENANT).where(TENANT.c.tenant == tenant).values(rules=text)
        await self._database.commit([Write(core, [change]), *recorded(deed)])

    async def key(self, id_: str) -> StoredKey | None:
        """The key with that id."""
        rows = await self._database.rows(select(API_KEY).where(API_KEY.c.id == id_))
        if not rows:
            return None
        row = rows[0]
        return StoredKey(row.tenant, row.name, row.hash, row.revoked_at is not None)

    async def add_key(self, tenant: TenantId, key: Key, *, name: str, now: int) -> None:
        """Store a new key's hash."""
        await self._database.execute(
            insert(API_KEY).values(
                id=key.id, tenant=tenant, name=name, hash=key.hash, created_at=now
            )
        )

    async def deeds(self, tenant: TenantId, *, limit: int) -> Sequence[Deed]:
        """The tenant's newest audit entries."""
        rows = await self._database.rows(
            select(AUDIT)
            .where(AUDIT.c.tenant == tenant)
            .order_by(AUDIT.c.number.desc())
            .limit(limit)
        )
        return [
            Deed(
                row.tenant,
                row.actor,
                row.action,
                row.subject,
                row.at,
                msgspec.json.decode(row.details),
            )
            for row in rows
        ]


def recorded(deed: Deed) -> Unit:
    """The write that puts a deed on record."""
    row = insert(AUDIT).values(
        tenant=deed.tenant,
        actor=deed.actor,
        action=deed.action,
        subject=deed.subject,
        details=msgspec.json.encode(deed.details).decode(),
        at=deed.at,
    )
    return [Write(core, [row])]
