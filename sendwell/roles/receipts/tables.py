"""Receipts on record, and those that still wait for their delivery. No personal data."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

RECEIPT = Table(
    "receipt",
    METADATA,
    Column("provider", String(64), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("tenant", String(64)),
    Column("position", BigInteger),
    Column("part", String(64)),
    Column("said", String(16), nullable=False),
    Column("code", String(100)),
    Column("state", String(16)),
    Column("at", BigInteger, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("provider", "event_id"),
    Index("receipt_move", "position", "part", "state", unique=True),
    sqlite_with_rowid=False,
)
"""Written once. `state` is where the receipt moved its delivery, NULL when it moved nothing; so the
unique index refuses a second receipt for the same move (NULLs are never equal). An orphan, whose
delivery was never found, has no position."""

WAITING = Table(
    "receipt_waiting",
    METADATA,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("provider", String(64), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("tenant", String(64)),
    Column("due", BigInteger, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    Index("receipt_waiting_event", "provider", "event_id", unique=True),
    Index("receipt_waiting_due", "due", "number"),
)
"""A receipt that came before the commit of what it is for; the row goes when it is settled.
`tenant` is whose integration told it, NULL for the platform's."""
