"""Databases for roles that can keep what they own on several kinds."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.mysql import MysqlDatabase
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.bootstrap import TABLES
from sendwell.roles.users import tables
from sendwell.runtime.record import tables as record_tables
from tests.services.made import made_file
from tests.services.mariadb import MariaDb
from tests.services.needs import needs
from tests.services.postgres import Postgres

OWNED = {"users": tables.METADATA, "record": record_tables.METADATA}
MIGRATIONS = {owner: TABLES[owner] for owner in OWNED}
Opened = SqliteDatabase | PostgresDatabase | MysqlDatabase


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=needs("postgres")),
        pytest.param("mysql", marks=needs("mariadb")),
    ]
)
async def users_database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[SqliteDatabase | PostgresDatabase | MysqlDatabase]:
    """The users role's tables, empty; they are made once for all tests."""
    if request.param == "sqlite":
        database = SqliteDatabase(made_file(tmp_path / "users.sqlite"))
        yield database
        await database.close()
        return
    open_database: Callable[[], PostgresDatabase | MysqlDatabase] = request.getfixturevalue(
        f"users_on_{request.param}"
    )
    shared = open_database()
    await shared.with_connection(lambda connection: migrate_on(connection, MIGRATIONS))
    yield shared
    for owned in OWNED.values():
        await shared.execute(*(delete(table) for table in owned.sorted_tables))
    await shared.close()


@pytest.fixture(scope="session")
def users_on_postgresql(postgres_server: Postgres) -> Iterator[Callable[[], PostgresDatabase]]:
    with postgres_server.database() as url:
        yield lambda: PostgresDatabase(url)


@pytest.fixture(scope="session")
def users_on_mysql(mariadb_server: MariaDb) -> Iterator[Callable[[], MysqlDatabase]]:
    with mariadb_server.database() as url:
        yield lambda: MysqlDatabase(url)
