"""The receipts role's hot statements for PostgreSQL: one a batch, its columns as arrays.

Whether an event is new was asked before; these statements make sure of it. When another process
was faster they raise Conflict, nothing of the unit is stored, and it is decided anew.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from sendwell.domain.errors import Conflict
from sendwell.roles.receipts.rows import Record, Wait
from sendwell.runtime.postgres_rows import columns, execute


def record(connection: Connection, rows: Sequence[Record]) -> None:
    """Put receipts on record. Raises Conflict when an event, or its move, is there already."""
    _insert_all(connection, _RECORD, rows)


def keep(connection: Connection, rows: Sequence[Wait]) -> None:
    """Let receipts wait until they are due. Raises Conflict when an event waits already."""
    _insert_all(connection, _KEEP, rows)


def postpone(connection: Connection, waits: Sequence[tuple[int, int]]) -> None:
    """Let (due, number) wait on; one that was released meanwhile stays away."""
    execute(connection, _POSTPONE, *columns(waits))


def release(connection: Connection, numbers: Sequence[int]) -> None:
    """These wait no longer."""
    execute(connection, "DELETE FROM receipt_waiting WHERE number=ANY($1::bigint[])", numbers)


def _insert_all(connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    if execute(connection, text, *columns(rows)) < len(rows):
        raise Conflict("Another process has taken one of these receipts.")


_RECORD = f"""
    INSERT INTO receipt({",".join(Record._fields)})
    SELECT * FROM unnest($1::text[],$2::text[],$3::text[],$4::bigint[],$5::text[],$6::text[],
    $7::text[],$8::text[],$9::bigint[],$10::bigint[]) ON CONFLICT DO NOTHING"""

_KEEP = f"""
    INSERT INTO receipt_waiting({",".join(Wait._fields)})
    SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::bigint[],$6::bigint[],
    $7::bytea[]) ON CONFLICT DO NOTHING"""

_POSTPONE = """
    UPDATE receipt_waiting SET due=v.due FROM unnest($1::bigint[],$2::bigint[]) AS v(due,number)
    WHERE receipt_waiting.number=v.number"""
