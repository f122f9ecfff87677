"""The mailbox's table. Address and content are personal: one envelope column, `body`. `key_id` is
kept free for the key that may encrypt it one day.
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
)

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

MAILBOX_MESSAGE = Table(
    "mailbox_message",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("tenant", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("user_id", String(255)),
    Column("event_type", String(100), nullable=False),
    Column("notification", String(64), nullable=False),
    Column("part", String(64), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("key_id", String(64)),
    Column("body", LargeBinary, nullable=False),
    Index("mailbox_message_key", "tenant", "key", unique=True),
    Index("mailbox_message_tenant", "tenant", "id"),
    sqlite_autoincrement=True,
)
"""Ids are never used twice, also when messages are deleted: a waiting test reads on behind one."""
