"""The receipts's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "receipt",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("part", sa.String(length=64), nullable=True),
        sa.Column("said", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "event_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("receipt_move", "receipt", ["position", "part", "state"], unique=True)
    op.create_table(
        "receipt_waiting",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("receipt_waiting_due", "receipt_waiting", ["due", "number"], unique=False)
    op.create_index(
        "receipt_waiting_event", "receipt_waiting", ["provider", "event_id"], unique=True
    )
