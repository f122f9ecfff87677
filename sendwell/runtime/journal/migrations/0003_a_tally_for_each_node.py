"""Planned deliveries are counted by tenant and process: no process waits for another's row."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table and begin with what was counted before."""
    op.create_table(
        "tally",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "node"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO tally(tenant,node,deliveries) SELECT tenant,0,deliveries FROM planned")
