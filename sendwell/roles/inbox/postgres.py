"""The inbox's hot statement for PostgreSQL: one a batch, its columns as arrays."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.roles.inbox.rows import Row
from sendwell.runtime.postgres_rows import columns, execute, fetch


def put(connection: Connection, rows: Sequence[Row]) -> list[int]:
    """Store messages whose key is new; gives the ids, of the first one where a key is repeated."""
    execute(connection, _TAKE_TURN, *columns([(row.tenant, row.user_id) for row in rows]))
    execute(connection, _PUT, *columns(rows))
    keys = [(row.tenant, row.key) for row in rows]
    found = {(tenant, key): id_ for tenant, key, id_ in fetch(connection, _IDS, *columns(keys))}
    return [found[key] for key in keys]


# The messages of one inbox are committed in the order of their ids: who reads on behind an id never
# passes over one that is committed later. Always in the same order, so that nobody waits in a ring.
_TAKE_TURN = """
    SELECT pg_advisory_xact_lock(7370603,inbox) FROM (
        SELECT DISTINCT hashtext(tenant||chr(10)||user_id) AS inbox
        FROM unnest($1::text[],$2::text[]) AS owner(tenant,user_id) ORDER BY inbox
    ) AS inboxes"""

_PUT = f"""
    INSERT INTO inbox_message({",".join(Row._fields)})
    SELECT * FROM unnest($1::text[],$2::text[],$3::text[],$4::text[],$5::text[],$6::bigint[],
    $7::bytea[])
    ON CONFLICT(tenant,key) DO NOTHING"""

_IDS = """
    SELECT tenant,key,id FROM inbox_message
    WHERE (tenant,key) IN (SELECT * FROM unnest($1::text[],$2::text[]))"""
