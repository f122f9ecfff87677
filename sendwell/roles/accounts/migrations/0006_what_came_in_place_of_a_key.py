"""A key says when another one came in its place. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("api_key", sa.Column("rotated_at", sa.BigInteger()))
