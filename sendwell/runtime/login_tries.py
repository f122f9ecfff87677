"""Tries to sign in, counted by account and address; none of them in clear."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    insert,
    select,
    tuple_,
    update,
)

from sendwell.domain.ids import TenantId
from sendwell.domain.login_throttle import (
    FAMILIAR_FOR,
    Standing,
    Tries,
    after_success,
    after_try,
    wait,
)
from sendwell.ports.database import Database, Write

_DAY = 86_400_000_000
_FAMILIAR = int(FAMILIAR_FOR.total_seconds()) * 1_000_000
_NOBODY = ""
Place = tuple[str, str]


class Try(NamedTuple):
    """Who tries to be whom, and from where."""

    tenant: TenantId
    login: str
    address: str
    now: int

    @property
    def places(self) -> tuple[Place, Place, Place]:
        """The rows for the pair, the account and the address."""
        return (
            (self.tenant, _hash("pair", self.login, self.address)),
            (self.tenant, _hash("account", self.login)),
            (_NOBODY, _hash("address", self.address)),
        )


def login_tries(name: str, metadata: MetaData) -> Table:
    """The table of a role where people sign in.

    `name` in it is a hash of an account, an address or both. What is about an address alone
    belongs to no tenant and has an empty one.
    """
    return Table(
        name,
        metadata,
        Column("tenant", String(64), nullable=False),
        Column("name", String(64), nullable=False),
        Column("failures", Integer, nullable=False),
        Column("last_at", BigInteger, nullable=False),
        Column("succeeded_at", BigInteger, nullable=False),
        Column("forget_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant", "name"),
        Index(f"{name}_forget", "forget_at"),
    )


class TryStore:
    """Counts tries in a table that `login_tries` made."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    async def begin(self, try_: Try) -> timedelta:
        """How long to wait; nothing when it may be tried at once, and then it counts as wrong."""
        ((needed,),) = await self._database.commit([Write(self._begin, [try_])])
        assert isinstance(needed, timedelta)  # noqa: S101 - what the operation gives
        return needed

    async def succeed(self, try_: Try) -> None:
        """A try that has begun was right."""
        await self._database.commit([Write(self._succeed, [try_])])

    def _begin(self, connection: Connection, tries: Sequence[Try]) -> list[timedelta]:
        return [self._begun(connection, each) for each in tries]

    def _begun(self, connection: Connection, try_: Try) -> timedelta:
        standing, known = self._read(connection, try_)
        needed = wait(standing, try_.now)
        if not needed:
            self._write(connection, try_, after_try(standing, try_.now), known)
            connection.execute(delete(self._table).where(self._table.c.forget_at < try_.now))
        return needed

    def _succeed(self, connection: Connection, tries: Sequence[Try]) -> None:
        for each in tries:
            standing, known = self._read(connection, each)
            self._write(connection, each, after_success(standing, each.now), known)

    def _read(self, connection: Connection, try_: Try) -> tuple[Standing, set[Place]]:
        """How it stands, locked, and which of its rows there are."""
        columns = self._table.c
        asked = (
            select(self._table)
            .where(tuple_(columns.tenant, columns.name).in_(try_.places))
            .order_by(columns.tenant, columns.name)
            .with_for_update()
        )
        found = {
            (row.tenant, row.name): Tries(row.failures, row.last_at, row.succeeded_at)
            for row in connection.execute(asked)
        }
        return Standing(*(found.get(place, Tries()) for place in try_.places)), set(found)

    def _write(
        self, connection: Connection, try_: Try, standing: Standing, known: set[Place]
    ) -> None:
        columns = self._table.c
        for place, tries in zip(try_.places, standing, strict=True):
            tenant, name = place
            values = {
                "failures": tries.failures,
                "last_at": tries.last_at,
                "succeeded_at": tries.succeeded_at,
                "forget_at": max(tries.last_at + _DAY, tries.succeeded_at + _FAMILIAR),
            }
            if place in known:
                is_it = (columns.tenant == tenant, columns.name == name)
                connection.execute(update(self._table).where(*is_it).values(**values))
            else:
                connection.execute(insert(self._table).values(tenant=tenant, name=name, **values))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
