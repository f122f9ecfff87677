"""The mailbox's hot statements for SQLite: in a trial every send ends here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from sendwell.ports.database import driver
from sendwell.roles.mailbox.rows import Bound, Row
from sendwell.runtime.rows import insert


def put(connection: Connection, rows: Sequence[Row]) -> list[int]:
    """Store messages whose key is new; gives the ids, of the first one where a key is repeated."""
    columns = ",".join(Row._fields)
    insert(
        connection, f"mailbox_message({columns})", rows, then="ON CONFLICT(tenant,key) DO NOTHING"
    )
    return [_id(connection, row) for row in rows]


def _id(connection: Connection, row: Row) -> int:
    # The order of RETURNING is not promised, and what is a duplicate is not returned at all.
    question = "SELECT id FROM mailbox_message WHERE tenant=? AND key=?"
    found: tuple[int] = driver(connection).execute(question, (row.tenant, row.key)).fetchone()
    return found[0]


def trim(connection: Connection, bounds: Sequence[Bound]) -> None:
    """Delete what is older than the newest messages; the bound is found on the index alone."""
    raw: Any = driver(connection)
    for tenant, most in bounds:
        raw.execute(
            "DELETE FROM mailbox_message WHERE tenant=? AND id<=(SELECT id FROM mailbox_message"
            " WHERE tenant=? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (tenant, tenant, most),
        )
