"""The users's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_HASH = sa.LargeBinary(length=16).with_variant(sa.VARBINARY(length=16), "mysql")
_ENVELOPE = sa.LargeBinary().with_variant(sa.LargeBinary(length=2**24 - 1), "mysql")
_JSON = sa.Text().with_variant(sa.Text(length=2**24 - 1), "mysql")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "person",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("body", _ENVELOPE, nullable=False),
        sa.Column("preferences", _JSON, nullable=False),
        sa.Column("last_token", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id"),
    )
    op.create_table(
        "push_token",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token_hash", _HASH, nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("body", _ENVELOPE, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id", "number"),
    )
    op.create_index("push_token_hash", "push_token", ["tenant", "token_hash"], unique=True)
    op.create_table(
        "suppression",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("address_hash", _HASH, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "address_hash"),
    )
    op.create_index("suppression_changed", "suppression", ["tenant", "changed_at"], unique=False)
