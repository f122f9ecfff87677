"""Makes views in schemas of their own; for migrations, which say what is in them."""

from collections.abc import Collection

import structlog
from alembic import op
from sqlalchemy import Connection, text

log = structlog.get_logger()
_SECURITY_INVOKER = 150_000
"""The server version that knows it."""


def make_view(schema: str | None, name: str, query: str, *, over: Collection[str]) -> None:
    """The view is there, where it can be: on PostgreSQL, beside the tables that it is over.

    Without a schema it goes beside the tables. Left out, with a line in the log: a view whose
    schema we may not make, and one whose name is taken. A view reads with the rights of whoever
    asks, so that the walls between tenants hold.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql" or not _are_there(connection, over):
        return
    whole = f"{schema}.{name}" if schema else name
    if _is_there(connection, whole) or not (schema is None or _has_schema(connection, schema)):
        log.warning("views.left_out", view=whole, why="its name is taken or its schema forbidden")
        return
    connection.exec_driver_sql(f"CREATE VIEW {whole} WITH ({_rights(connection)}) AS {query}")


def remake_view(schema: str, name: str, query: str) -> None:
    """The view has this text from now on, and the same columns. What was left out stays so."""
    connection = op.get_bind()
    whole = f"{schema}.{name}"
    if connection.dialect.name == "postgresql" and _is_ours(connection, whole):
        rights = _rights(connection)
        connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {whole} WITH ({rights}) AS {query}")


def _are_there(connection: Connection, tables: Collection[str]) -> bool:
    return all(_is_there(connection, table) for table in tables)


def _is_there(connection: Connection, relation: str) -> bool:
    found = connection.execute(text("SELECT to_regclass(:name)"), {"name": relation}).scalar()
    return found is not None


def _is_ours(connection: Connection, view: str) -> bool:
    if not _is_there(connection, view):
        return False
    return bool(connection.execute(text(_OPENS), {"name": view}).scalar())


def _has_schema(connection: Connection, schema: str) -> bool:
    question = text("SELECT to_regnamespace(:name)")
    if connection.execute(question, {"name": schema}).scalar() is not None:
        return bool(connection.execute(text(_MAY_USE), {"name": schema}).scalar())
    if not connection.execute(text(_MAY_MAKE)).scalar():
        return False
    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    return True


def _rights(connection: Connection) -> str:
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    # Before, a view reads as its owner, whom the walls hold as well (FORCE ROW LEVEL SECURITY).
    return "security_invoker=true" if version >= _SECURITY_INVOKER else "security_barrier=true"


_MAY_MAKE = "SELECT has_database_privilege(current_database(),'CREATE')"
_MAY_USE = "SELECT has_schema_privilege(:name,'CREATE')"
_OPENS = """
    SELECT EXISTS (SELECT FROM pg_rewrite AS w JOIN pg_depend AS d
      ON d.classid='pg_rewrite'::regclass AND d.objid=w.oid
      WHERE w.ev_class=to_regclass(:name) AND d.refclassid='pg_proc'::regclass
      AND d.refobjid=to_regproc('sendwell_opened'))"""
"""Nobody else's view opens our envelopes."""
