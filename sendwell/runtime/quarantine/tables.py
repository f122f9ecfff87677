"""Messages in quarantine."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("stream", String(255), nullable=False),
    Column("place", String(255), nullable=False),
    Column("tenant", String(64)),
    Column("reason", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("pointer", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kept", LargeBinary, nullable=False),
    Index("quarantine_place", "stream", "place", unique=True),
    Index("quarantine_tenant", "tenant", "id"),
)
"""`kept` is the whole record, raw bytes included; the other columns are to look for."""
