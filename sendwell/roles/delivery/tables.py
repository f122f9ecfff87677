"""Open work and dead letters. Work rows are narrow, hold no personal data, and go when done."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

WORK = Table(
    "work",
    METADATA,
    Column("work", Number, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False),
    Column("part", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("reason", String(100)),
    Column("provider", String(64)),
    Column("plan", Text, nullable=False),
    Column("node", Integer, nullable=False, server_default="0"),
    Index("work_part", "position", "part", unique=True),
    Index("work_state", "tenant", "state", "channel", "lane", "work"),
    Index("work_due", "due", sqlite_where=text("due > 0"), postgresql_where=text("due > 0")),
)
"""`node` is the process whose work it is, `epoch` the life of it that claimed the row: a fencing
token. `plan` is what planning decided
(template version, target, providers that refused), as JSON."""

DEAD_LETTER = Table(
    "dead_letter",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("tenant", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("notification", String(64), nullable=False),
    Column("part", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("event_type", String(100), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("cause", String(32), nullable=False),
    Column("code", String(100)),
    Column("text", Text),
    Column("provider", String(64)),
    Column("attempt", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("replayed_as", String(64)),
    Index("dead_letter_part", "position", "part", unique=True),
    Index("dead_letter_tenant", "tenant", "id"),
    Index("dead_letter_cause", "tenant", "cause", "id"),
)
