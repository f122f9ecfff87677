"""The inbox's table. Title, body and data are personal: one envelope column, `body`. `key_id`
is kept free for the key that may encrypt it one day.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")
_UNREAD = text("read_at IS NULL")

INBOX_MESSAGE = Table(
    "inbox_message",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("key", String(255), nullable=False),
    Column("event_type", String(100), nullable=False),
    Column("notification", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("read_at", BigInteger),
    Column("key_id", String(64)),
    Column("body", LargeBinary, nullable=False),
    Index("inbox_message_key", "tenant", "key", unique=True),
    Index("inbox_message_user", "tenant", "user_id", "id"),
    Index(
        "inbox_message_unread",
        "tenant",
        "user_id",
        "id",
        sqlite_where=_UNREAD,
        postgresql_where=_UNREAD,
    ),
    sqlite_autoincrement=True,
)
"""`id` is the order, the page cursor and the live stream's event id; it is never used twice."""
