"""Operators as rows. What is personal stands in one envelope column."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import Role
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Unit, Write, core
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.tables import OPERATOR


class Card(msgspec.Struct, frozen=True):
    """Everything personal about an operator: the envelope of its row."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who administrates a tenant."""

    tenant: TenantId
    id: str
    card: Card
    role: Role
    created_at: int
    changed_at: int
    password: str | None = None
    """A hash. None: they sign in by OIDC only."""
    identity: str | None = None
    """A hash of who they are at the OIDC provider, from the first time on."""
    is_disabled: bool = False
    generation: int = 1
    """Sessions of an older one have ended."""


def login_of(tenant: TenantId, email: str) -> str:
    """By what an operator is found, without the address in clear."""
    return hashlib.sha256(f"{tenant}\0{email.strip().casefold()}".encode()).hexdigest()


def added(operator: Operator) -> Unit:
    """The write that stores a new operator. Raises Conflict for an address that has one."""
    return [Write(_add, [operator])]


class OperatorStore:
    """Operators of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant: TenantId, id_: str) -> Operator | None:
        """The tenant's operator with that id."""
        rows = await self._database.rows(
            select(OPERATOR).where(OPERATOR.c.tenant == tenant, OPERATOR.c.id == id_)
        )
        return _operator(rows[0]) if rows else None

    async def by_email(self, tenant: TenantId, email: str) -> Operator | None:
        """The tenant's operator with that address."""
        login = login_of(tenant, email)
        rows = await self._database.rows(
            select(OPERATOR).where(OPERATOR.c.tenant == tenant, OPERATOR.c.login == login)
        )
        return _operator(rows[0]) if rows else None

    async def all(self, tenant: TenantId) -> list[Operator]:
        """All of the tenant's operators, the oldest first."""
        rows = await self._database.rows(
            select(OPERATOR)
            .where(OPERATOR.c.tenant == tenant)
            .order_by(OPERATOR.c.created_at, OPERATOR.c.id)
        )
        return [_operator(row) for row in rows]

    async def add(self, operator: Operator, deed: Deed) -> None:
        """Store a new one, on the record. Raises Conflict for an address that has one."""
        await self._database.commit([*added(operator), *recorded(deed)])

    async def change(self, before: Operator, after: Operator, *deeds: Deed) -> None:
        """Replace one, on the record.

        Raises Conflict when it is no longer as it was `before`, or when the tenant would have no
        owner left.
        """
        records = [write for deed in deeds for write in recorded(deed)]
        await self._database.commit([Write(_change, [(before, after)]), *records])

    async def rehash(self, operator: Operator, password: str) -> None:
        """Store the same password in another way, unless it was changed meanwhile."""
        change = (
            update(OPERATOR)
            .where(*_is(operator), OPERATOR.c.password == operator.password)
            .values(password=password)
        )
        await self._database.commit([Write(core, [change])])


def _add(connection: Connection, operators: Sequence[Operator]) -> None:
    for operator in operators:
        login = login_of(operator.tenant, operator.card.email)
        asked = select(OPERATOR.c.id).where(
            OPERATOR.c.tenant == operator.tenant, OPERATOR.c.login == login
        )
        if connection.execute(asked).first() is not None:
            raise Conflict("There is an operator with this address.", code="operator_exists")
        connection.execute(
            insert(OPERATOR).values(
                tenant=operator.tenant,
                id=operator.id,
                login=login,
                created_at=operator.created_at,
                **_values(operator),
            )
        )


def _change(connection: Connection, changes: Sequence[tuple[Operator, Operator]]) -> None:
    for before, after in changes:
        if _is_owner(before) and not _is_owner(after):
            _refuse_the_last_owner(connection, before)
        changed = connection.execute(
            update(OPERATOR)
            .where(*_is(before), OPERATOR.c.generation == before.generation)
            .where(OPERATOR.c.changed_at == before.changed_at)
            .values(**_values(after))
        )
        if changed.rowcount == 0:
            raise Conflict("Somebody else has changed this operator. Read it again.")


def _refuse_the_last_owner(connection: Connection, leaving: Operator) -> None:
    asked = (
        select(OPERATOR.c.id)
        .where(OPERATOR.c.tenant == leaving.tenant, OPERATOR.c.role == Role.OWNER.value)
        .where(OPERATOR.c.is_disabled.is_(False))
        .with_for_update()
    )
    if {row.id for row in connection.execute(asked)} <= {leaving.id}:
        raise Conflict(
            "A tenant keeps at least one owner: appoint another first.", code="last_owner"
        )


def _is_owner(operator: Operator) -> bool:
    return operator.role is Role.OWNER and not operator.is_disabled


def _is(operator: Operator) -> tuple[Any, Any]:
    return OPERATOR.c.tenant == operator.tenant, OPERATOR.c.id == operator.id


def _values(operator: Operator) -> dict[str, Any]:
    return {
        "body": msgspec.json.encode(operator.card),
        "role": operator.role.value,
        "password": operator.password,
        "identity": operator.identity,
        "is_disabled": operator.is_disabled,
        "generation": operator.generation,
        "changed_at": operator.changed_at,
    }


def _operator(row: Row[Any]) -> Operator:
    return Operator(
        row.tenant,
        row.id,
        msgspec.json.decode(row.body, type=Card),
        Role(row.role),
        row.created_at,
        row.changed_at,
        row.password,
        row.identity,
        row.is_disabled,
        row.generation,
    )
