"""Each tenant says when its rules were last changed, so that others read only those. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column with its index."""
    op.add_column(
        "tenant", sa.Column("edition", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_index("tenant_edition", "tenant", ["edition"], unique=False)
