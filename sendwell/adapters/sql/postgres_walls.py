"""Row-level security: a second wall between tenants, behind the condition in every statement.

Each transaction says for whom it acts (`sendwell.tenant`): the API for one tenant, workers for all.
Who says nothing sees nothing. The owner of the tables is held by it too, but a superuser is not, so
Sendwell should not be given one.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from sendwell.adapters.sql.upkeep import whole

_OPEN = """
    SELECT c.relname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid=c.oid AND a.attname='tenant' AND NOT a.attisdropped
    WHERE c.relnamespace=current_schema()::regnamespace AND c.relkind IN ('r','p')
    AND NOT c.relrowsecurity AND NOT c.relispartition ORDER BY c.relname"""

_RULE = (
    "tenant=current_setting('sendwell.tenant',true) OR current_setting('sendwell.tenant',true)='*'"
)


def raise_walls(connection: Connection) -> list[str]:
    """Every table of tenants' data has its wall; gives those that got one now.

    All or none; of processes that start together one does it.
    """
    with whole(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(7370601, 2)"))
        tables: Sequence[str] = connection.execute(text(_OPEN)).scalars().all()
        for table in tables:
            connection.execute(text(f"CREATE POLICY own_tenant ON {table} USING ({_RULE})"))
            connection.execute(text(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))
            connection.execute(text(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"))
        return list(tables)
