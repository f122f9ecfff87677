"""The two kinds of database that roles keep all they own in: one file, or PostgreSQL."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sendwell.adapters.sql.migrations import migrate, migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.bootstrap import TABLES
from sendwell.ports.database import Database
from tests.services.needs import needs

EITHER = ("sqlite", pytest.param("postgresql", marks=needs("postgres")))
"""For the `params` of a fixture."""


@asynccontextmanager
async def either(
    request: pytest.FixtureRequest,
    owners: Collection[str],
    *,
    until: int | None = None,
    since: int | None = None,
) -> AsyncIterator[Database]:
    """An empty database of the kind that the fixture's parameter says, with the tables of these
    owners, and where a table is partitioned with room for that time, in microseconds since 1970.
    """
    migrations = {owner: TABLES[owner] for owner in owners}
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        on_file = SqliteDatabase(folder / "all.sqlite")
        migrate(on_file.engine, migrations)
        yield on_file
        await on_file.close()
        return
    on_server = PostgresDatabase(request.getfixturevalue("postgres_url"))
    await on_server.with_connection(lambda connection: migrate_on(connection, migrations))
    if until is not None:
        await on_server.with_connection(lambda link: make_ahead(link, until, since=since))
    yield on_server
    await on_server.close()
