"""How much tenants have handed in, read from the journal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from sendwell.adapters.sql.migrations import migrate, migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import COUNTER_BITS, TenantId
from sendwell.ports.database import Database
from sendwell.runtime.journal.intake import IntakeCounts
from sendwell.runtime.journal.tables import REQUESTED
from tests.services.needs import needs

ACME = TenantId("acme")
BEGAN_MS = 1_800_000_000_000
SECOND = 1_000_000
OWN = {"journal": TABLES["journal"]}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs("postgres"))])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        on_file = SqliteDatabase(tmp_path / "all.sqlite")
        migrate(on_file.engine, OWN)
        yield on_file
        await on_file.close()
        return
    on_server = PostgresDatabase(request.getfixturevalue("postgres_url"))
    await on_server.with_connection(lambda connection: migrate_on(connection, OWN))
    await on_server.with_connection(lambda connection: make_ahead(connection, BEGAN_MS * 1_000))
    yield on_server
    await on_server.close()


async def test_requests_are_counted_by_slots_of_their_time_and_by_tenant(
    database: Database,
) -> None:
    seconds = (-10, -9, -9, -2, -1, 0)
    rows = [(ACME, second) for second in seconds] + [(TenantId("beta"), -2)]
    await database.execute(
        insert(REQUESTED).values(
            [
                {
                    "position": (BEGAN_MS + second * 1_000 << COUNTER_BITS) + number,
                    "tenant": tenant,
                    "id": str(number),
                    "event_type": "x",
                    "accepted_at": 0,
                    "body": b"",
                }
                for number, (tenant, second) in enumerate(rows)
            ]
        )
    )
    began = BEGAN_MS * 1_000

    counted = await IntakeCounts(database).between(ACME, began - 9 * SECOND, began, 4 * SECOND)

    assert counted == [(began - 8 * SECOND, 2), (began, 2)]
