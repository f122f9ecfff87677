"""Contacts, topics, consent, erasure, imports and people's log-in. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_HASH = sa.LargeBinary(length=16).with_variant(sa.VARBINARY(length=16), "mysql")
_ENVELOPE = sa.LargeBinary().with_variant(sa.LargeBinary(length=2**24 - 1), "mysql")
_JSON = sa.Text().with_variant(sa.Text(length=2**24 - 1), "mysql")


def upgrade() -> None:
    """Add them."""
    for column in (
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("body", _ENVELOPE, nullable=True),
    ):
        op.add_column("suppression", column)
    _contacts_and_topics()
    _consent()
    _erasure()
    _imports()
    _log_in()


def _contacts_and_topics() -> None:
    op.create_table(
        "contact",
        *_whose(),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("address_hash", _HASH, nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("verified_how", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "user_id", "channel"),
    )
    op.create_index("contact_address", "contact", ["tenant", "address_hash"], unique=False)
    op.create_table(
        "topic",
        _tenant(),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_opt_in", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "topic"),
    )
    op.create_table(
        "subscription",
        _tenant(),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "topic", "user_id"),
    )
    op.create_index("subscription_person", "subscription", ["tenant", "user_id"], unique=False)


def _consent() -> None:
    op.create_table(
        "consent",
        *_whose(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("topic", sa.String(length=255), nullable=True),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("body", _ENVELOPE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id", "number"),
    )


def _erasure() -> None:
    op.create_table(
        "tombstone",
        _tenant(),
        sa.Column("user_hash", _HASH, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_hash"),
    )
    op.create_table(
        "erasure",
        _tenant(),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("body", _ENVELOPE, nullable=True),
        sa.Column("asked_by", sa.String(length=255), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("progress", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("erasure_done", "erasure", ["done_at"], unique=False)


def _imports() -> None:
    counts = ("bytes_done", "lines_done", "created", "updated", "refused")
    op.create_table(
        "people_import",
        _tenant(),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("options", _JSON, nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.Column("started_by", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "people_import_flaw",
        _tenant(),
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=255), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "import_id", "line", "number"),
    )


def _log_in() -> None:
    op.create_table(
        "person_login",
        *_whose(),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("sessions_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id"),
    )
    op.create_table(
        "person_try",
        _tenant(),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=False),
        sa.Column("forget_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_index("person_try_forget", "person_try", ["forget_at"], unique=False)


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(length=64), nullable=False)


def _whose() -> tuple[sa.Column[str], sa.Column[str]]:
    return _tenant(), sa.Column("user_id", sa.String(length=255), nullable=False)
