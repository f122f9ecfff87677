"""The log is asked what was done to one thing or person: an index for that. Only adds."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the index."""
    op.create_index("audit_subject", "audit", ["tenant", "subject", "number"])
