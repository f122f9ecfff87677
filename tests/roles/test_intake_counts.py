"""How much tenants have handed in, read from the journal."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from sendwell.domain.ids import COUNTER_BITS, TenantId
from sendwell.ports.database import Database
from sendwell.runtime.journal.intake import IntakeCounts
from sendwell.runtime.journal.tables import REQUESTED
from tests.roles.databases import EITHER, either

ACME = TenantId("acme")
BEGAN_MS = 1_800_000_000_000
SECOND = 1_000_000


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=BEGAN_MS * 1_000) as database:
        yield database


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
