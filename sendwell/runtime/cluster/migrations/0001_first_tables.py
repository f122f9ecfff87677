"""Leases of the processes that share a PostgreSQL database, and the fence before every commit.

The fence takes a lock that a takeover waits for, and only then looks at the lease: so after a
takeover nothing of the former holder can commit any more, whatever it had begun.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_FENCE = """
    CREATE FUNCTION sendwell_fence(wanted_node integer, wanted_epoch bigint) RETURNS bigint
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(7370602, wanted_node);
        PERFORM 1 FROM lease WHERE node = wanted_node AND epoch = wanted_epoch;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'Another process has taken over from this one (node %).', wanted_node;
        END IF;
        RETURN pg_current_xact_id()::text::bigint;
    END $$
"""


def upgrade() -> None:
    """Create them, where processes can share a database."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "lease",
        sa.Column("node", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=255), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("node"),
    )
    op.execute("CREATE SEQUENCE lease_epoch")
    op.execute(_FENCE)
