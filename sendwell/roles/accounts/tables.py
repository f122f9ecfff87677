"""Tenants, keys (hashed) and the audit log."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

TENANT = Table(
    "tenant",
    METADATA,
    Column("tenant", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("is_sandboxed", Boolean, nullable=False),
    Column("rules", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""`rules` is what the tenant has decided, as JSON; what it leaves out is as the product does it."""

API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("api_key_tenant", "tenant"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column(
        "number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("tenant", String(64), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("action", String(100), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("details", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("audit_tenant", "tenant", "number"),
)
"""Append-only: no statement in the product updates or deletes a row of it."""
