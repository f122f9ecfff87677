"""Leases say whose work goes with them: only the same service can go on with it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the service; an empty one runs all roles."""
    if op.get_bind().dialect.name != "postgresql":
        return
    service = sa.Column("service", sa.String(length=64), nullable=False, server_default="")
    op.add_column("lease", service)
