"""The inbox's hot statement for SQLite, by hand because Core costs 2-4 times as much."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.ports.database import driver
from sendwell.roles.inbox.rows import Row
from sendwell.runtime.rows import insert


def put(connection: Connection, rows: Sequence[Row]) -> list[int]:
    """Store messages whose key is new; gives the ids, of the first one where a key is repeated."""
    columns = ",".join(Row._fields)
    insert(connection, f"inbox_message({columns})", rows, then="ON CONFLICT(tenant,key) DO NOTHING")
    return [_id(connection, row) for row in rows]


def _id(connection: Connection, row: Row) -> int:
    # The order of RETURNING is not promised, and what is a duplicate is not returned at all.
    question = "SELECT id FROM inbox_message WHERE tenant=? AND key=?"
    found: tuple[int] = driver(connection).execute(question, (row.tenant, row.key)).fetchone()
    return found[0]
