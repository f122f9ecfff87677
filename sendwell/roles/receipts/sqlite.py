"""The receipts role's hot statements for SQLite, by hand because Core costs 2-4 times as much.

Whether an event is new was asked before; these statements make sure of it. When another process
was faster they raise Conflict, nothing of the unit is stored, and it is decided anew.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.domain.errors import Conflict
from sendwell.ports.database import driver
from sendwell.roles.receipts.rows import Record, Wait
from sendwell.runtime.rows import for_keys, insert


def record(connection: Connection, rows: Sequence[Record]) -> None:
    """Put receipts on record. Raises Conflict when an event, or its move, is there already."""
    _insert_all(connection, "receipt", rows)


def keep(connection: Connection, rows: Sequence[Wait]) -> None:
    """Let receipts wait until they are due. Raises Conflict when an event waits already."""
    _insert_all(connection, "receipt_waiting", rows)


def postpone(connection: Connection, waits: Sequence[tuple[int, int]]) -> None:
    """Let (due, number) wait on; one that was released meanwhile stays away."""
    driver(connection).executemany("UPDATE receipt_waiting SET due=? WHERE number=?", waits)


def release(connection: Connection, numbers: Sequence[int]) -> None:
    """These wait no longer."""
    for_keys(connection, "DELETE FROM receipt_waiting WHERE number IN", numbers)


def _insert_all(
    connection: Connection, table: str, rows: Sequence[Record] | Sequence[Wait]
) -> None:
    columns = ",".join(rows[0]._fields)
    stored = insert(connection, f"{table}({columns})", rows, then="ON CONFLICT DO NOTHING")
    if stored < len(rows):
        raise Conflict("Another process has taken one of these receipts.")
