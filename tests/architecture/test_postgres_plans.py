"""Which way PostgreSQL takes, without statistics, behind its walls: no further than it must."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, Row, insert, text
from sqlalchemy.sql import ClauseElement

from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.postgres_walls import raise_walls
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import COUNTER_BITS, Node, Position
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.tables import REQUESTED
from tests.services.needs import needs

pytestmark = needs("postgres")
NOW_MS = 1_800_000_000_000
MANY, AT_ONCE = 16_000, 4_000
FIRST = Position(NOW_MS << COUNTER_BITS)


class Explained(PostgresDatabase):
    """Tells the way that a question would take instead of answering it."""

    way = ""

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        assert isinstance(statement, ClauseElement)
        asked = str(
            statement.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True})
        )
        steps = await super().rows(text(f"EXPLAIN {asked}"))
        self.way = "\n".join(step[0] for step in steps)
        return []


def a_row(number: int) -> dict[str, object]:
    return {
        "position": FIRST + (number << COUNTER_BITS),
        "tenant": "acme",
        "id": f"n-{number}",
        "event_type": "order",
        "accepted_at": 0,
        "body": bytes(700),
    }


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Explained]:
    database = Explained(postgres_url)
    own = {"journal": TABLES["journal"]}
    await database.with_connection(lambda connection: migrate_on(connection, own))
    await database.with_connection(lambda connection: make_ahead(connection, NOW_MS * 1_000))
    await database.with_connection(raise_walls)
    for first in range(0, MANY, AT_ONCE):
        rows = [a_row(number) for number in range(first, first + AT_ONCE)]
        await database.execute(insert(REQUESTED).values(rows))
    yield database
    await database.close()


async def test_what_is_not_planned_is_read_in_order_and_only_until_there_is_enough(
    database: Explained,
) -> None:
    journal = SqlJournal(
        database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
    )

    await journal.left_by(Node(0), after=FIRST, limit=512)

    assert "Limit" in database.way
    assert "Index Scan using requested_" in database.way
    assert "Sort" not in database.way
