"""Row-level security: a second wall between tenants, behind the condition in every statement.

Each transaction says for whom it acts (`sendwell.tenant`): the API for one tenant, workers for all.
Who says nothing sees nothing. The owner of the tables is held by it too, but a superuser is not, so
Sendwell should not be given one.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from sendwell.adapters.sql.upkeep import whole

_RULE = "acts_for"
_RULE_BEFORE = "own_tenant"

_OPEN = f"""
    SELECT c.relname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid=c.oid AND a.attname='tenant' AND NOT a.attisdropped
    WHERE c.relnamespace=current_schema()::regnamespace AND c.relkind IN ('r','p')
    AND NOT c.relispartition AND NOT (c.relrowsecurity AND EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid=c.oid AND p.polname='{_RULE}'))
    ORDER BY c.relname"""

_MINE = (
    "CASE WHEN current_setting('sendwell.tenant',true)='*' THEN true"
    " ELSE tenant=current_setting('sendwell.tenant',true) END"
)
"""Written as a choice, of which PostgreSQL expects that half of the rows meet it. Of the same as a
condition (`own_tenant`, before) it expected next to none, and so sorted all rows of a table for the
few that a worker wants next.
"""


def raise_walls(connection: Connection) -> list[str]:
    """Every table of tenants' data has its wall; gives those that got one now.

    All or none; of processes that start together one does it.
    """
    with whole(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(7370601, 2)"))
        tables: Sequence[str] = connection.execute(text(_OPEN)).scalars().all()
        for table in tables:
            connection.execute(text(f"CREATE POLICY {_RULE} ON {table} USING ({_MINE})"))
            connection.execute(text(f"DROP POLICY IF EXISTS {_RULE_BEFORE} ON {table}"))
            connection.execute(text(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))
            connection.execute(text(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"))
        return list(tables)
