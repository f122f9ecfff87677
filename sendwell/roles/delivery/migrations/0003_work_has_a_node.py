"""Several processes share a database: each one's work bears its number."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; what is there belongs to the first process."""
    node = sa.Column("node", sa.Integer(), nullable=False, server_default="0")
    op.add_column("work", node)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "work_node_due", "work", ["node", "due", "work"], postgresql_where=sa.text("due > 0")
        )
