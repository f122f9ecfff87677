"""The writes of copies, which SQLAlchemy makes for either kind of database."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from sendwell.runtime.copies.tables import HANDED_ON, HEARD, OPEN

Row = dict[str, Any]
_Insert = Callable[[Table], sqlite.Insert | postgresql.Insert]
_INSERTS: Mapping[str, _Insert] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def put_open(connection: Connection, rows: Sequence[Row]) -> None:
    """Where deliveries stand that are not ended; what is there already moves on."""
    newest = {(row["position"], row["part"]): row for row in sorted(rows, key=_moved_at)}
    insert = _INSERTS[connection.dialect.name](OPEN)
    given = insert.excluded
    names = ("state", "at", "claimed_at", "due", "attempt", "provider", "rule")
    moved = insert.on_conflict_do_update(
        index_elements=["position", "part"],
        set_={name: given[name] for name in names},
        where=OPEN.c.at <= given.at,
    )
    connection.execute(moved, list(newest.values()))


def remove_open(connection: Connection, parts: Sequence[tuple[int, str]]) -> None:
    """These deliveries have ended."""
    connection.execute(delete(OPEN).where(tuple_(OPEN.c.position, OPEN.c.part).in_(parts)))


def put_handed_on(connection: Connection, rows: Sequence[Row]) -> None:
    """These notifications are planned."""
    _put_new(connection, HANDED_ON, rows)


def put_heard(connection: Connection, rows: Sequence[Row]) -> None:
    """These extracts are dealt with."""
    _put_new(connection, HEARD, rows)


def _put_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    insert = _INSERTS[connection.dialect.name](table)
    connection.execute(insert.on_conflict_do_nothing(), list(rows))


def _moved_at(row: Row) -> int:
    at: int = row["at"]
    return at
