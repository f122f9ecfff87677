"""The journal's tables. `position` is the key, the order and the page cursor of them all.

`requested` is wide and never updated; its personal part is one envelope column (`body`).
`key_id` is kept free for the key that may encrypt it one day. `outcome` says how a delivery ended,
`history` keeps every move that the outcome does not tell by itself.
"""

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
    Text,
)

METADATA = MetaData()

# SQLite makes only INTEGER PRIMARY KEY the row's own number.
Position = BigInteger().with_variant(Integer, "sqlite")

REQUESTED = Table(
    "requested",
    METADATA,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("tenant", String(64), nullable=False),
    Column("id", String(64), nullable=False),
    Column("user_id", String(255)),
    Column("event_type", String(100), nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("key_id", String(64)),
    Column("body", LargeBinary, nullable=False),
    Index("requested_id", "id", "tenant", unique=True),
    Index("requested_tenant", "tenant", "position"),
    Index("requested_user", "tenant", "user_id", "position"),
    Index("requested_event", "tenant", "event_type", "position"),
)

RECIPIENT = Table(
    "recipient",
    METADATA,
    Column("position", Position, nullable=False),
    Column("place", Integer, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    PrimaryKeyConstraint("position", "place"),
    Index("recipient_user", "tenant", "user_id", "position"),
    sqlite_with_rowid=False,
)
"""The people of a notification to several, by their places in it. Who is named alone stands in
`requested`: one person is nearly always all, and costs no row more."""

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("key", LargeBinary(16), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("fingerprint", LargeBinary(8), nullable=False),
    Column("position", Position, nullable=False),
    PrimaryKeyConstraint("key", "tenant"),
    sqlite_with_rowid=False,
)
"""Which notification holds a key; its position tells the time too. Keys are hashes, so each one
lands on another page: rows are kept small and without a second index, or they would be most of what
a commit writes: with a million rows 500 of 1,300 bytes of log for each notification."""

OUTCOME = Table(
    "outcome",
    METADATA,
    Column("position", Position, nullable=False),
    Column("part", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("notification", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("provider", String(64)),
    Column("reference", String(255)),
    Column("code", String(100)),
    Column("text", Text),
    Column("rule", String(100)),
    PrimaryKeyConstraint("position", "part"),
    Index("outcome_status", "tenant", "status", "position"),
    sqlite_with_rowid=False,
)

HISTORY = Table(
    "history",
    METADATA,
    Column("position", Position, nullable=False),
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("part", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("provider", String(64)),
    Column("reference", String(255)),
    Column("code", String(100)),
    Column("text", Text),
    Column("rule", String(100)),
    Column("due", BigInteger, nullable=False),
    Index("history_position", "position"),
)

REFERENCE = Table(
    "reference",
    METADATA,
    Column("provider", String(64), nullable=False),
    Column("reference", String(255), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("position", Position, nullable=False),
    Column("part", String(64), nullable=False),
    PrimaryKeyConstraint("provider", "reference"),
    sqlite_with_rowid=False,
)

PLANNED = Table(
    "planned",
    METADATA,
    Column("tenant", String(64), primary_key=True),
    Column("deliveries", BigInteger, nullable=False),
)
"""What `tally` began with: before there were several processes, one row counted for a tenant.

Migration 0003 has copied it and nothing reads it since: it goes with the next one that contracts.
"""

TALLY = Table(
    "tally",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("node", Integer, nullable=False),
    Column("deliveries", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "node"),
    sqlite_with_rowid=False,
)
"""How many deliveries were planned for a tenant, by process, so that no two wait for each other's
row: the ledger's left side, counted apart from the rows on its right side, so that the two can
disagree. Where those rows are forgotten, what they counted is taken off in a row of nobody's."""

MARK = Table(
    "mark",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""Up to which position everything has been handed on; recovery reads from here."""
