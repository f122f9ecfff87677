"""The tables of the bus. PostgreSQL only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SLOTS = (0, 1)

# The widest columns come first, so that nothing is lost between them: this is what grows.
_PARCEL = """
CREATE TABLE bus_parcel (
    xid bigint NOT NULL,
    seq bigint NOT NULL,
    stream int NOT NULL,
    shard smallint NOT NULL,
    slot smallint NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    headers text,
    body bytea NOT NULL
) PARTITION BY LIST (slot)
"""

# Rows are only added, and go all at once: there is nothing to vacuum.
_SLOT = """
CREATE TABLE bus_parcel_{slot} PARTITION OF bus_parcel FOR VALUES IN ({slot})
WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)
"""

# Each look-up is kept apart (OFFSET 0): joined, they would be made by reading whole shards.
_OWED = """
CREATE VIEW bus_owed AS
SELECT held.group_name, parcel.*
FROM bus_shard AS held
CROSS JOIN LATERAL (
    SELECT late.*
    FROM unnest(held.open_xids, held.open_seqs) AS open (xid, seq)
    CROSS JOIN LATERAL (
        SELECT * FROM bus_parcel
        WHERE stream = held.stream AND shard = held.shard AND xid = open.xid AND seq > open.seq
        OFFSET 0
    ) AS late
    UNION ALL
    SELECT new.*
    FROM bus_parcel AS new
    WHERE new.stream = held.stream AND new.shard = held.shard
        AND (new.xid, new.seq) > (held.xid, held.seq)
) AS parcel
"""


def upgrade() -> None:
    """Create them, and a view of what each group has not done with."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE SEQUENCE bus_turn")
    op.execute(_PARCEL)
    for slot in _SLOTS:
        op.execute(_SLOT.format(slot=slot))
    op.create_index("bus_parcel_place", "bus_parcel", ["stream", "shard", "xid", "seq"])
    op.create_table(
        "bus_stream",
        sa.Column("number", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("name"),
    )
    _create_shard()
    op.create_table(
        "bus_member",
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("stream", sa.Integer(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("group_name", "stream", "member"),
    )
    _create_ring()
    op.execute(_OWED)


def _create_shard() -> None:
    """Half of each page is left empty, so that an update finds room beside its row."""
    op.create_table(
        "bus_shard",
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("stream", sa.Integer(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("member", sa.Text(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("open_xids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("open_seqs", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("group_name", "stream", "shard"),
        postgresql_with={"fillfactor": 50},
    )


def _create_ring() -> None:
    op.create_table(
        "bus_ring",
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("tidied", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cluster", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT INTO bus_ring SELECT 0, clock_timestamp(), system_identifier"
        " FROM pg_control_system()"
    )
