"""Tenants as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Executable, Row, insert, select, update

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import TenantId
from sendwell.ports.database import Database, Unit, Write
from sendwell.roles.accounts.tables import TENANT


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organization, in one environment."""

    tenant: TenantId
    name: str
    is_sandboxed: bool
    rules: dict[str, Any]
    created_at: int = 0
    edition: int = 0
    """When its rules were last changed; greater with each change."""


def added(tenant: Tenant) -> Unit:
    """The write that stores a new tenant. Raises Conflict where there is one with that id."""
    return [Write(_add, [tenant])]


def _add(connection: Connection, tenants: Sequence[Tenant]) -> None:
    for tenant in tenants:
        asked = select(TENANT.c.tenant).where(TENANT.c.tenant == tenant.tenant)
        if connection.execute(asked).first() is not None:
            raise Conflict(f"There is a tenant {tenant.tenant} already.", code="tenant_exists")
        connection.execute(_row(tenant))


def _row(tenant: Tenant) -> Executable:
    return insert(TENANT).values(
        tenant=tenant.tenant,
        name=tenant.name,
        is_sandboxed=tenant.is_sandboxed,
        rules=msgspec.json.encode(tenant.rules).decode(),
        created_at=tenant.created_at,
        edition=tenant.edition,
    )


def _replace_rules(connection: Connection, changes: Sequence[tuple[Tenant, Tenant]]) -> None:
    for before, after in changes:
        change = (
            update(TENANT)
            .where(TENANT.c.tenant == before.tenant, TENANT.c.edition == before.edition)
            .values(rules=msgspec.json.encode(after.rules).decode(), edition=after.edition)
        )
        if connection.execute(change).rowcount == 0:
            raise Conflict("Somebody else has changed these rules just now.")


class TenantStore:
    """Tenants and their rules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Tenant]:
        """All of them, by id."""
        rows = await self._database.rows(select(TENANT).order_by(TENANT.c.tenant))
        return [_tenant(row) for row in rows]

    async def find(self, tenant: TenantId) -> Tenant | None:
        """The one with that id."""
        rows = await self._database.rows(select(TENANT).where(TENANT.c.tenant == tenant))
        return _tenant(rows[0]) if rows else None

    async def add(self, tenant: Tenant, *more: Unit) -> None:
        """Store a new tenant, with what else belongs to it. Raises Conflict."""
        await self._database.commit([*added(tenant), *(write for unit in more for write in unit)])

    async def changed(self, since: int) -> list[Tenant]:
        """Those with an edition from then on."""
        rows = await self._database.rows(select(TENANT).where(TENANT.c.edition >= since))
        return [_tenant(row) for row in rows]

    async def set_rules(self, before: Tenant, after: Tenant, *more: Unit) -> None:
        """Replace a tenant's rules, with what else belongs to it.

        Raises Conflict where they are no longer of the edition `before`.
        """
        change = Write(_replace_rules, [(before, after)])
        await self._database.commit([change, *(write for unit in more for write in unit)])


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(
        row.tenant,
        row.name,
        row.is_sandboxed,
        msgspec.json.decode(row.rules),
        row.created_at,
        row.edition,
    )
