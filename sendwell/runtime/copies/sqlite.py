"""The hot statements of copies for SQLite."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.runtime.copies.rows import (
    HandedOn,
    Heard,
    OpenRow,
    Seen,
    Stand,
    insist_on,
    insist_on_all,
    newest,
)
from sendwell.runtime.rows import for_keys, for_rows, insert


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
    """These extracts are dealt with. Raises Unavailable where one of them was before."""
    new = insert(connection, "heard(service,extract,at)", rows, then="ON CONFLICT DO NOTHING")
    insist_on_all(new, rows)


def unless_moved(connection: Connection, seen: Sequence[Seen]) -> None:
    """The copies of these deliveries are still as they were seen. Raises Unavailable."""
    positions = list({position for position, _, _ in seen})
    insist_on(seen, [
        (*row, stand)
        for table, stand in (("open_copy", Stand.OPEN), ("outcome", Stand.ENDED))
        for row in for_keys(
            connection, f"SELECT position,part FROM {table} WHERE position IN", positions
        )
    ])  # fmt: skip
