"""A database: reads, and units of writes that are committed together."""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Executable, Row

from sendwell.domain.ids import TenantId

Operation = Callable[[Connection, Sequence[Any]], Sequence[Any] | None]
"""One hot statement, written by hand for one kind of database: takes many items at once and gives
one result for each of them, in order (or None when there is nothing to tell)."""


@dataclass(frozen=True, slots=True)
class Write:
    """Some items for one operation. Items of the same operation are written by one statement,
    whoever they come from.
    """

    operation: Operation
    items: Sequence[Any]


Unit = Sequence[Write]
"""Writes that happen all or not at all."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one Core statement did."""

    rowcount: int
    rows: Sequence[Row[Any]]


def core(connection: Connection, statements: Sequence[Executable]) -> list[Done]:
    """The operation for SQLAlchemy Core statements, executed one after the other."""
    done = []
    for statement in statements:
        result = connection.execute(statement)
        rows = result.all() if result.returns_rows else ()
        done.append(Done(result.rowcount, rows))
    return done


def run_within(connection: Connection, units: Iterable[Unit]) -> None:
    """Write units in a transaction that is under way, where only there is known that they belong
    to it. Items of the same operation are written by one statement.
    """
    items: dict[Operation, list[Any]] = {}
    for unit in units:
        for write in unit:
            items.setdefault(write.operation, []).extend(write.items)
    for operation, given in items.items():
        operation(connection, given)


def driver(connection: Connection) -> Any:
    """The driver's own connection below SQLAlchemy's, for hot statements."""
    return connection.connection.driver_connection


def by_dialect(**operations: Operation) -> Operation:
    """One operation that has a statement of its own for each kind of database."""

    def operation(connection: Connection, items: Sequence[Any]) -> Sequence[Any] | None:
        return operations[connection.dialect.name](connection, items)

    return operation


acting_for: ContextVar[TenantId | None] = ContextVar("acting_for", default=None)
"""The tenant on whose behalf this task reads, where it is one: PostgreSQL then hides all others'
rows from it (row-level security), whatever the statement says, and SQLite keeps it from holding up
the flow."""


class Database(Protocol):
    """One database and its engine.

    Guarantees: when `commit` returns, the unit has reached the disk. Units that wait while
    another commit is in flight are committed together (natural group commit); a unit that fails
    takes none of the others with it.
    """

    dialect: str
    """`sqlite`, `postgresql` or `mysql`: which of the statements written by hand it takes."""

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        """Write a unit; gives one list of results for each of its writes.

        Writing them begins in the order of coming, urgent ones before all others that wait, or
        beside them. Several commits may be under way at once: who needs one thing behind another
        waits for the first.

        Raises what the failing operation raised; then nothing of the unit is stored.
        Raises Unavailable when the database is closing or too many units wait.
        """
        ...

    async def execute(self, *statements: Executable) -> list[Done]:
        """Commit Core statements as one unit."""
        ...

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """The rows of one read-only statement, as of the last commit."""
        ...

    async def close(self) -> None:
        """Finish what was handed in, then let go of every connection. Idempotent."""
        ...
