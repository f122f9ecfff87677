"""The mailbox's hot statements for PostgreSQL: one a batch, its columns as arrays."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.roles.mailbox.rows import Bound, Row
from sendwell.runtime.postgres_rows import columns, execute, fetch


def put(connection: Connection, rows: Sequence[Row]) -> list[int]:
    """Store messages whose key is new; gives the ids, of the first one where a key is repeated."""
    execute(connection, _PUT, *columns(rows))
    keys = [(row.tenant, row.key) for row in rows]
    found = {(tenant, key): id_ for tenant, key, id_ in fetch(connection, _IDS, *columns(keys))}
    return [found[key] for key in keys]


def trim(connection: Connection, bounds: Sequence[Bound]) -> None:
    """Delete what is older than the newest messages; the bound is found on the index alone."""
    for tenant, most in bounds:
        execute(connection, _TRIM, tenant, most)


_PUT = f"""
    INSERT INTO mailbox_message({",".join(Row._fields)})
    SELECT * FROM unnest($1::text[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],
    $7::text[],$8::int[],$9::bigint[],$10::bytea[])
    ON CONFLICT(tenant,key) DO NOTHING"""

_IDS = """
    SELECT tenant,key,id FROM mailbox_message
    WHERE (tenant,key) IN (SELECT * FROM unnest($1::text[],$2::text[]))"""

_TRIM = """
    DELETE FROM mailbox_message WHERE tenant=$1 AND id<=(SELECT id FROM mailbox_message
    WHERE tenant=$1 ORDER BY id DESC LIMIT 1 OFFSET $2)"""
