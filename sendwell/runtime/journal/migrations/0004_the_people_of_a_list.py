"""People who are named beside others are found by their ids: those of what is accepted from now on.

Nothing is read out of what is there already: all bodies would have to be decoded, while everybody
waits.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_PARTS = """
    SELECT c.relname, pg_get_expr(c.relpartbound,c.oid) FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid=i.inhrelid WHERE i.inhparent='requested'::regclass"""


def upgrade() -> None:
    """Make the table, with room for every time that there is room for."""
    connection = op.get_bind()
    op.create_table(
        "recipient",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("position", "place"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (position)",
    )
    op.create_index("recipient_user", "recipient", ["tenant", "user_id", "position"], unique=False)
    if connection.dialect.name == "postgresql":
        _make_parts(connection)
    elif connection.dialect.name == "sqlite":
        _tell_how_it_will_look()


def _make_parts(connection: sa.Connection) -> None:
    """As `requested` has them: a copy of an old notification may come at any time."""
    for part, bounds in connection.exec_driver_sql(_PARTS).all():
        number = part.rpartition("_")[2]
        op.execute(f"CREATE TABLE recipient_{number} PARTITION OF recipient {bounds}")


def _tell_how_it_will_look() -> None:
    known = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    for index, numbers in (
        ("recipient", "1000000 100 1"),
        ("recipient_user", "1000000 500000 20 1"),
    ):
        op.execute(sa.insert(known).values(tbl="recipient", idx=index, stat=numbers))
