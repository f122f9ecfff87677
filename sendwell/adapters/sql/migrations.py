"""Brings the tables of each role up to date: one Alembic history and version table a role.

Alembic is imported only when something is to be done, for it costs 0.4 s.
"""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

_BEGIN = {
    "sqlite": ("BEGIN IMMEDIATE",),
    # Processes that start together wait for the first one, and find its work done.
    "postgresql": ("BEGIN", "SELECT pg_advisory_xact_lock(7370601, 0)"),
    "mysql": ("BEGIN",),
}


def migrate(engine: Engine, owners: Mapping[str, Path]) -> list[str]:
    """Like `migrate_on`, by a connection of its own."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        return migrate_on(connection, owners)


def migrate_on(connection: Connection, owners: Mapping[str, Path]) -> list[str]:
    """Apply what is missing, each owner's migrations in one transaction; gives whose were applied.

    `owners` maps a role's name to its folder of migrations; the connection commits by itself.
    Raises what a migration raised; that owner's tables are then as they were.
    """
    return [
        owner
        for owner, folder in owners.items()
        if current(connection, owner) != head(folder) and _upgrade(connection, owner, folder)
    ]


def head(folder: Path) -> str:
    """The newest revision in a folder: files are named `<revision>_<what>.py`."""
    return max(file.name.partition("_")[0] for file in folder.glob("[0-9]*_*.py"))


def current(connection: Connection, owner: str) -> str | None:
    """The revision that the database has, None when it has none."""
    table = f"{owner}_version"
    if not inspect(connection).has_table(table):
        return None
    return connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608 - a role's name


def _upgrade(connection: Connection, owner: str, folder: Path) -> bool:
    """Apply what is missing; False when somebody else was faster."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": f"{owner}_version",
            "fn": lambda revision, _: script._upgrade_revs("head", revision),  # noqa: SLF001 - as Alembic's own commands do
        },
    )
    for statement in _BEGIN[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    try:
        is_pending = current(connection, owner) != head(folder)
        with Operations.context(context):
            context.run_migrations()
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    return is_pending
