"""Databases with all of our tables in them, and nothing else: made once for all tests of a worker.

To make the tables takes two seconds on PostgreSQL, and to copy them a fourth of one.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine

from sendwell.adapters.sql.migrations import migrate, migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.bootstrap import TABLES
from tests.services.postgres import Postgres


def made_file(file: Path) -> Path:
    """The file, which is there now: a database of SQLite."""
    file.write_bytes(_made())
    return file


@dataclass(frozen=True, slots=True)
class MadePostgres:
    """A server, and its database that is only copied."""

    server: Postgres
    template: str

    def database(self) -> AbstractContextManager[str]:
        """The URL of a new one. Dropped after."""
        return self.server.database(like=self.template)

    room = database

    def start(self) -> None:
        self.server.start()


@contextmanager
def on(server: Postgres) -> Iterator[MadePostgres]:
    """For as long as the block lasts there are copies to be had."""
    with server.database() as url:
        with ThreadPoolExecutor(1) as apart:  # who asks may have a loop in this thread
            apart.submit(asyncio.run, _make(url)).result()
        yield MadePostgres(server, url.rpartition("/")[2])


async def _make(url: str) -> None:
    database = PostgresDatabase(url)
    await database.with_connection(lambda connection: migrate_on(connection, TABLES))
    await database.close()


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "made.db")
        engine = create_engine(f"sqlite:///{file}")
        migrate(engine, TABLES)
        engine.dispose()
        return file.read_bytes()
