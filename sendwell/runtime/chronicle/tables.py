"""Events that the history does not have yet, in the order in which they were written."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

UNTOLD = Table(
    "untold",
    METADATA,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("node", Integer, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("events", LargeBinary, nullable=False),
    Index("untold_node", "node", "number"),
)
"""`node` is the process that tells them; `events` are those of one tenant in one commit, encoded.
They hold no personal data."""
