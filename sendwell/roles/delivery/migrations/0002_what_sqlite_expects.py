"""SQLite is told how its tables will look when they are large (as in the journal's 0002)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ROWS = {
    "dead_letter": {
        "dead_letter_cause": "100000 50000 10000 1",
        "dead_letter_part": "100000 1 1",
        "dead_letter_tenant": "100000 50000 1",
    },
    "work": {
        "work_due": "100000 2",
        "work_part": "100000 1 1",
        "work_state": "100000 50000 25000 10000 5000 1",
    },
}
"""By table and index: rows, then rows for one value of the first column, of the first two, …"""


def upgrade() -> None:
    """Write what ANALYZE would find later."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("ANALYZE delivery_version")  # makes the table of statistics
    known = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    for table, indexes in _ROWS.items():
        for index, numbers in indexes.items():
            op.execute(sa.delete(known).where(known.c.tbl == table, known.c.idx == index))
            op.execute(sa.insert(known).values(tbl=table, idx=index, stat=numbers))
