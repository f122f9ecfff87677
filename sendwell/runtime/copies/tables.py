"""What a service keeps of others beside the copy of their journal."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

METADATA = MetaData()

OPEN = Table(
    "open_copy",
    METADATA,
    Column("position", BigInteger, nullable=False),
    Column("part", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("provider", String(64)),
    Column("rule", String(100)),
    PrimaryKeyConstraint("position", "part"),
    Index("open_copy_state", "tenant", "state", "channel", "position"),
)
"""Deliveries that another service has taken on and not ended, as far as it has told."""

HANDED_ON = Table(
    "handed_on",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
)
"""Notifications whose tasks have gone to another service."""

HEARD = Table(
    "heard",
    METADATA,
    Column("service", String(64), nullable=False),
    Column("extract", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("service", "extract"),
    Index("heard_at", "at"),
)
"""Extracts that a service has dealt with: a bus may hand one out again."""

DATABASE = Table(
    "database_name",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
)
"""What this database is called: one row. Who shares it keeps no copies of it."""
