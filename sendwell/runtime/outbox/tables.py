"""Letters that no broker has confirmed yet, in the order in which they were written."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table

from sendwell.domain.ids import Node

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("node", Integer, nullable=False),
    Column("letter", LargeBinary, nullable=False),
    Index("outbox_node", "node", "number"),
)
"""`node` is the process that publishes it; `letter` is encoded, and may hold personal data."""


def aside(node: Node) -> Node:
    """Stands in a letter's row, below zero, while the stream that it is for stands still."""
    return Node(-1 - node)
