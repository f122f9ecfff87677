"""People, their push tokens, and suppressions.

What is personal stands in one envelope column (`body`) beside the name of the key that encrypts
it (SETTLED 8). Times are microseconds since 1970.

MySQL takes no BLOB into a key, and its BLOB and TEXT end at 64 KiB unless they are told a length.
"""

from sqlalchemy import (
    VARBINARY,
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

_LONGEST = 2**24 - 1
Hash = LargeBinary(16).with_variant(VARBINARY(16), "mysql")
Envelope = LargeBinary().with_variant(LargeBinary(_LONGEST), "mysql")
Json = Text().with_variant(Text(_LONGEST), "mysql")

PERSON = Table(
    "person",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("key_id", String(64)),
    Column("body", Envelope, nullable=False),
    Column("preferences", Json, nullable=False),
    Column("last_token", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "user_id"),
)
"""`last_token` is the highest number that a push token of the person ever had."""

PUSH_TOKEN = Table(
    "push_token",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("number", Integer, nullable=False),
    Column("token_hash", Hash, nullable=False),
    Column("key_id", String(64)),
    Column("body", Envelope, nullable=False),
    Column("platform", String(16)),
    Column("last_seen", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "user_id", "number"),
    Index("push_token_hash", "tenant", "token_hash", unique=True),
)

SUPPRESSION = Table(
    "suppression",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("address_hash", Hash, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("reason", String(255)),
    Column("at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "address_hash"),
    Index("suppression_changed", "tenant", "changed_at"),
)
"""A row without a reason was lifted. It stays, so that whoever reads what has changed since
`changed_at` hears of that too."""
