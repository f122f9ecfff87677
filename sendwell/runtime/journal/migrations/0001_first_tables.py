"""The journal's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


_BY_POSITION = "RANGE (position)"


def upgrade() -> None:
    """Create them. On PostgreSQL they have partitions: whatever is unique holds the time in it."""
    is_parted = op.get_bind().dialect.name == "postgresql"
    in_time = ("position",) if is_parted else ()
    op.create_table(
        "history",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=True),
        sa.Column("reference", sa.String(length=255), nullable=True),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("rule", sa.String(length=100), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*in_time, "number"),
        postgresql_partition_by=_BY_POSITION,
    )
    op.create_index("history_position", "history", ["position"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=8), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *([sa.Column("day", sa.Integer(), nullable=False)] if is_parted else []),
        sa.PrimaryKeyConstraint("key", "tenant", *(["day"] if is_parted else [])),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (day)",
    )
    op.create_table(
        "mark",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outcome",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("notification", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=True),
        sa.Column("reference", sa.String(length=255), nullable=True),
        sa.Column("code", sa.String(length=100), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("rule", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("position", "part"),
        sqlite_with_rowid=False,
        postgresql_partition_by=_BY_POSITION,
    )
    op.create_index("outcome_status", "outcome", ["tenant", "status", "position"], unique=False)
    op.create_table(
        "planned",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "reference",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("provider", "reference", *in_time),
        sqlite_with_rowid=False,
        postgresql_partition_by=_BY_POSITION,
    )
    op.create_table(
        "requested",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("event_type", sa.String(length=100), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        postgresql_partition_by=_BY_POSITION,
    )
    op.create_index(
        "requested_event", "requested", ["tenant", "event_type", "position"], unique=False
    )
    op.create_index("requested_id", "requested", ["id", "tenant"], unique=not is_parted)
    op.create_index("requested_tenant", "requested", ["tenant", "position"], unique=False)
    op.create_index("requested_user", "requested", ["tenant", "user_id", "position"], unique=False)
