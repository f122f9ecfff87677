"""The hot statements of copies for SQLite."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.runtime.copies.rows import HandedOn, Heard, OpenRow, newest
from sendwell.runtime.rows import for_rows, insert


def put_open(connection: Connection, rows: Sequence[OpenRow]) -> None:
    """Where deliveries stand that are not ended; what is there already moves on."""
    insert(
        connection,
        f"open_copy({','.join(OpenRow._fields)})",
        newest(rows),
        then="ON CONFLICT(position,part) DO UPDATE SET state=excluded.state,at=excluded.at,"
        "claimed_at=excluded.claimed_at,due=excluded.due,attempt=excluded.attempt,"
        "provider=excluded.provider,rule=excluded.rule WHERE at<=excluded.at",
    )


def remove_open(connection: Connection, parts: Sequence[tuple[int, str]]) -> None:
    """These deliveries have ended."""
    for_rows(connection, "DELETE FROM open_copy WHERE (position,part) IN", parts)


def put_handed_on(connection: Connection, rows: Sequence[HandedOn]) -> None:
    """These notifications are planned."""
    insert(connection, "handed_on(position,tenant)", rows, then="ON CONFLICT DO NOTHING")


def put_heard(connection: Connection, rows: Sequence[Heard]) -> None:
    """These extracts are dealt with."""
    insert(connection, "heard(service,extract,at)", rows, then="ON CONFLICT DO NOTHING")
