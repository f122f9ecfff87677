"""Deeds that other services hand over have an id, by which the log takes each once. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column with its index."""
    op.add_column("audit", sa.Column("deed", sa.String(length=64), nullable=True))
    op.create_index("audit_deed", "audit", ["tenant", "deed"], unique=True)
