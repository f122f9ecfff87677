"""Brings the tables of each role up to date: one Alembic history and version table a role.

Alembic is imported only when something is to be done, for it costs 0.4 s.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from sendwell.adapters.sql.migration_status import current, head, refuse_unknown, statuses_of

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

Alone = Callable[[Connection, "MigrationContext", str], AbstractContextManager[None]]

_BEGIN = {
    "sqlite": ("BEGIN IMMEDIATE",),
    # Processes that start together wait for the first one, and find its work done.
    "postgresql": ("BEGIN", "SELECT pg_advisory_xact_lock(7370601, 0)"),
}


def migrate(engine: Engine, owners: Mapping[str, Path]) -> list[str]:
    """Like `migrate_on`, by a connection of its own."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        return migrate_on(connection, owners)


def migrate_on(connection: Connection, owners: Mapping[str, Path]) -> list[str]:
    """Apply what is missing, each owner's migrations in one transaction; gives whose were applied.

    `owners` maps a role's name to its folder of migrations; the connection commits by itself.
    What a newer version has only added is left as it is. Raises Conflict, before anything is
    applied, when this version cannot work with one of the revisions, and what a migration raised;
    that owner's tables are then as they were. (On MySQL they are as the migration has left them,
    and the next attempt goes on from there.)
    """
    statuses = statuses_of(connection, owners)
    refuse_unknown(statuses)
    return [
        each.owner
        for each in statuses
        if each.pending and _upgrade(connection, each.owner, owners[each.owner])
    ]


def _upgrade(connection: Connection, owner: str, folder: Path) -> bool:
    """Apply what is missing; False when somebody else was faster."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    alone = _alone_on(connection.dialect.name)
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": f"{owner}_version",
            "fn": lambda revision, _: script._upgrade_revs("head", revision),  # noqa: SLF001 - as Alembic's own commands do
        },
    )
    with alone(connection, context, owner):
        is_pending = current(connection, owner) != head(folder)
        with Operations.context(context):
            context.run_migrations()
    return is_pending


def _alone_on(dialect: str) -> Alone:
    """While nobody else changes tables of the database; all or nothing, where that can be had."""
    if dialect != "mysql":
        return _transaction
    # What is imported here is what Alembic then finds for the dialect.
    from sendwell.adapters.sql.mysql_migrations import one_at_a_time

    return one_at_a_time


@contextmanager
def _transaction(connection: Connection, _: "MigrationContext", __: str) -> Iterator[None]:
    begin, *alone = _BEGIN[connection.dialect.name]
    connection.exec_driver_sql(begin)
    try:
        for statement in alone:
            connection.exec_driver_sql(statement)
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
