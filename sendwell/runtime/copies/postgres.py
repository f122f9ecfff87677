"""The hot statements of copies for PostgreSQL: one a batch, its columns as arrays."""

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
from sendwell.runtime.postgres_rows import columns, execute, fetch


def put_open(connection: Connection, rows: Sequence[OpenRow]) -> None:
    """Where deliveries stand that are not ended; what is there already moves on."""
    execute(connection, _PUT_OPEN, *columns(newest(rows)))


def remove_open(connection: Connection, parts: Sequence[tuple[int, str]]) -> None:
    """These deliveries have ended."""
    positions, names = columns(parts)
    execute(connection, _REMOVE_OPEN, positions, names, positions)


def put_handed_on(connection: Connection, rows: Sequence[HandedOn]) -> None:
    """These notifications are planned."""
    execute(connection, _PUT_HANDED_ON, *columns(rows))


def put_heard(connection: Connection, rows: Sequence[Heard]) -> None:
    """These extracts are dealt with. Raises Unavailable where one of them was before."""
    insist_on_all(execute(connection, _PUT_HEARD, *columns(rows)), rows)


def unless_moved(connection: Connection, seen: Sequence[Seen]) -> None:
    """The copies of these deliveries are still as they were seen, and stay so until the commit:
    processes that keep copies do so one after the other. Raises Unavailable.
    """
    execute(connection, "SELECT pg_advisory_xact_lock($1,0)", _TURN)
    positions = list({position for position, _, _ in seen})
    insist_on(seen, fetch(connection, _STANDS, positions))


_TURN = 7370604

_STANDS = f"""
    SELECT position,part,'{Stand.OPEN}' FROM open_copy WHERE position=ANY($1::bigint[])
    UNION ALL
    SELECT position,part,'{Stand.ENDED}' FROM outcome WHERE position=ANY($1::bigint[])"""

_PUT_OPEN = f"""
    INSERT INTO open_copy({",".join(OpenRow._fields)})
    SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::text[],$6::bigint[],
    $7::bigint[],$8::bigint[],$9::bigint[],$10::int[],$11::text[],$12::text[])
    ON CONFLICT(position,part) DO UPDATE SET state=excluded.state,at=excluded.at,
    claimed_at=excluded.claimed_at,due=excluded.due,attempt=excluded.attempt,
    provider=excluded.provider,rule=excluded.rule WHERE open_copy.at<=excluded.at"""

_REMOVE_OPEN = """
    DELETE FROM open_copy WHERE position=ANY($3::bigint[])
    AND (position,part) IN (SELECT * FROM unnest($1::bigint[],$2::text[]))"""

_PUT_HANDED_ON = """
    INSERT INTO handed_on(position,tenant) SELECT * FROM unnest($1::bigint[],$2::text[])
    ON CONFLICT DO NOTHING"""

_PUT_HEARD = """
    INSERT INTO heard(service,extract,at)
    SELECT * FROM unnest($1::text[],$2::text[],$3::bigint[]) ON CONFLICT DO NOTHING"""
