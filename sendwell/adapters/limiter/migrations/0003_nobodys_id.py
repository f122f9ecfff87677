"""Limits on what a person is sent begin anew: their names held the person's id, now a hash of it.

Some would have stayed for years, also after the person was erased. What processes of the version
before still count meanwhile runs out: where-personal-data-lives.md has the command that removes it.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Remove them. Whoever asks meanwhile waits, or counts alone: it locks in another order."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("LOCK TABLE limit_state IN EXCLUSIVE MODE")
        op.execute("DELETE FROM limit_state WHERE key LIKE 'person:%' OR key LIKE 'day:%'")
