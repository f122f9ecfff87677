"""The bus on PostgreSQL, with and without PgBouncer before it, for the suite of the Bus port."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from sendwell.adapters.bus import postgres
from sendwell.adapters.bus.postgres import PostgresBus
from sendwell.adapters.bus.postgres.parcels import LARGEST_BODY
from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from tests.conformance.bus_case import BusCase, Makes
from tests.services import pgbouncer
from tests.services.postgres import Postgres
from tests.services.servers import Server

MIGRATIONS = Path(postgres.__file__).parent / "migrations"


@asynccontextmanager
async def direct(server: Server) -> AsyncIterator[Makes]:
    """Each test has a database of its own."""
    with server.room() as url:
        await migrate(url)
        yield lambda: PostgresBus(url)


@asynccontextmanager
async def through_pgbouncer(server: Server) -> AsyncIterator[Makes]:
    """In transaction mode, with fewer sessions than clients."""
    assert isinstance(server, Postgres)
    with pgbouncer.before(server, size=3) as bouncer, server.room() as url:
        await migrate(url)
        pooled = f"{bouncer.through(url)}?pooled=true&listen={quote(url, safe='')}"
        yield lambda: PostgresBus(pooled)


async def migrate(url: str) -> None:
    """The database has the tables of the bus."""
    database = PostgresDatabase(url)
    await database.with_connection(lambda connection: migrate_on(connection, {"bus": MIGRATIONS}))
    await database.close()


CASES = [
    BusCase("postgres", server="postgres", opens=direct, too_large_bytes=LARGEST_BODY + 1),
]
if pgbouncer.why_not() is None or os.environ.get("CI"):
    CASES.append(
        BusCase(
            "postgres-pgbouncer",
            server="postgres",
            opens=through_pgbouncer,
            too_large_bytes=LARGEST_BODY + 1,
        )
    )
