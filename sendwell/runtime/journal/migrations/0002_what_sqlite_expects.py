"""SQLite is told how its tables will look when they are large.

Without statistics it takes an index that begins with the tenant for the best way to a few rows of
known positions, and reads all of a tenant's million. Its own ANALYZE would see empty tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ROWS = {
    "history": {"history_position": "1000000 3"},
    "outcome": {"outcome": "1000000 1 1", "outcome_status": "1000000 500000 100000 1"},
    "requested": {
        "requested_event": "1000000 500000 50000 1",
        "requested_id": "1000000 1 1",
        "requested_tenant": "1000000 500000 1",
        "requested_user": "1000000 500000 20 1",
    },
}
"""By table and index: rows, then rows for one value of the first column, of the first two, …"""


def upgrade() -> None:
    """Write what ANALYZE would find later."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("ANALYZE mark")  # makes the table of statistics
    known = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    for table, indexes in _ROWS.items():
        for index, numbers in indexes.items():
            op.execute(sa.delete(known).where(known.c.tbl == table, known.c.idx == index))
            op.execute(sa.insert(known).values(tbl=table, idx=index, stat=numbers))
