"""Tenants, keys (hashed), operators, their sessions, and the audit log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from sendwell.runtime.login_tries import login_tries

METADATA = MetaData()
Json = Text().with_variant(Text(2**24 - 1), "mysql")
"""MySQL's own TEXT ends at 64 KiB."""

TENANT = Table(
    "tenant",
    METADATA,
    Column("tenant", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("is_sandboxed", Boolean, nullable=False),
    Column("rules", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("edition", BigInteger, nullable=False, server_default="0"),
    Index("tenant_edition", "edition"),
)
"""`rules` is what the tenant has decided, as JSON; what it leaves out is as the product does it.
`edition` is when the tenant was made or its rules were last changed, and grows each time."""

API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("environment", String(8), nullable=False, server_default="live"),
    Column("scopes", Text),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("created_by", String(255)),
    Column("rotated_at", BigInteger),
    Index("api_key_tenant", "tenant"),
)
"""`scopes` is a JSON list; a key without may do all that can be done within its tenant."""

OPERATOR = Table(
    "operator",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("id", String(32), nullable=False),
    Column("login", String(64), nullable=False),
    Column("key_id", String(64)),
    Column("body", LargeBinary, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", String(255)),
    Column("identity", String(64)),
    Column("is_disabled", Boolean, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    Index("operator_login", "tenant", "login", unique=True),
)
"""Name and address stand in the envelope `body`; `login` is a hash of the address to find it by,
`identity` one of who they are at the OIDC provider. Sessions of an older `generation` have ended.
"""

SESSION = Table(
    "session",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("id", String(32), nullable=False),
    Column("operator", String(32), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    PrimaryKeyConstraint("tenant", "id"),
    Index("session_operator", "tenant", "operator"),
)
"""`rotation` is the number of the one refresh token that is good now."""

LOGIN_TRY = login_tries("login_try", METADATA)

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
    Column("sequence", BigInteger),
    Column("hash", String(64)),
    Column("deed", String(64)),
    Index("audit_deed", "tenant", "deed", unique=True),
    Index("audit_tenant", "tenant", "number"),
    Index("audit_subject", "tenant", "subject", "number"),
    Index("audit_sequence", "tenant", "sequence", unique=True),
)
"""Append-only: no statement in the product updates or deletes a row of it. Each row of a tenant
holds a hash over itself and the one before (`domain.audit_chain`); rows from before there was a
chain have no sequence. `deed` is the id of what another service has handed over."""

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("tenant", String(64), primary_key=True),
    Column("length", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Where each tenant's chain ends; whoever appends holds this row."""
