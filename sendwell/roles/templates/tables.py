"""Templates and their versions, whose rows are written once. Times are microseconds since 1970."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

METADATA = MetaData()

TEMPLATE = Table(
    "template",
    METADATA,
    Column(
        "number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("tenant", String(64), nullable=False),
    Column("code", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("published", Integer),
    Column("latest", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("template_code", "tenant", "code", unique=True),
    Index("template_tenant", "tenant", "number"),
)
"""`published` and `latest` are numbers of versions; `revision` counts the changes of the row, so
that a change can be made only to what somebody has seen."""

TEMPLATE_VERSION = Table(
    "template_version",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("code", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("bodies", Text, nullable=False),
    Column("data_schema", Text, nullable=False),
    Column("default_locale", String(35), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "code", "version"),
)
