"""The two kinds of database that roles keep all they own in: one file, or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.ports.database import Database
from tests.services.made import made_file
from tests.services.needs import needs

EITHER = ("sqlite", pytest.param("postgresql", marks=needs("postgres")))
"""For the `params` of a fixture."""


@asynccontextmanager
async def either(
    request: pytest.FixtureRequest,
    *,
    until: int | None = None,
    since: int | None = None,
) -> AsyncIterator[Database]:
    """An empty database of the kind that the fixture's parameter says, with all of our tables, and
    where a table is partitioned with room for that time, in microseconds since 1970.
    """
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        on_file = SqliteDatabase(made_file(folder / "all.sqlite"))
        yield on_file
        await on_file.close()
        return
    on_server = PostgresDatabase(request.getfixturevalue("made_postgres_url"))
    if until is not None:
        await on_server.with_connection(lambda link: make_ahead(link, until, since=since))
    yield on_server
    await on_server.close()
