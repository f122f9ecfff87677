"""Which way PostgreSQL takes, without statistics, behind its walls: no further than it must."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Executable, Row, insert, text
from sqlalchemy.sql import ClauseElement

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.postgres_walls import raise_walls
from sendwell.domain.ids import COUNTER_BITS, ChannelName, Node, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.ports.journal import Filter
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.journal.claims import _CLAIM
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.tables import REQUESTED
from tests.services.needs import needs

pytestmark = needs("postgres")
ACME = TenantId("acme")
NOW_MS = 1_800_000_000_000
MANY, AT_ONCE = 16_000, 500
FIRST = Position(NOW_MS << COUNTER_BITS)


class Explained(PostgresDatabase):
    """Tells the ways that questions would take instead of answering them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.ways: list[str] = []

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        assert isinstance(statement, ClauseElement)
        asked = str(
            statement.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True})
        )
        steps = await super().rows(text(f"EXPLAIN {asked}"))
        self.ways.append("\n".join(step[0] for step in steps))
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
async def database(made_postgres_url: str) -> AsyncIterator[Explained]:
    database = Explained(made_postgres_url)
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
    await a_journal(database).left_by(Node(0), after=FIRST, limit=512)

    way = database.ways[-1]
    assert "Limit" in way
    assert "Index Scan using requested_" in way
    assert "Sort" not in way


async def test_how_long_waiting_work_is_is_looked_up_for_what_is_read_only(
    database: Explained,
) -> None:
    store = DeliveryStore(database, a_journal(database))
    await store.ready(ChannelName("email"), Lane.LOW, ACME, after=0, limit=4_096)
    await store.load_some([1, 2])
    await store.take_over(Node(1), [State.PENDING], epoch=1, limit=500)

    assert len(database.ways) == 3
    assert not any("Seq Scan on requested" in way for way in database.ways)


async def test_what_is_to_a_person_is_read_by_indexes_of_people(database: Explained) -> None:
    for wish in (Filter(), Filter(status="DEAD"), Filter(event_type="order")):
        to_ada = replace(wish, user_id="ada")
        await SqlRecords(database).positions(ACME, to_ada, before=None, limit=51)
        await DeliveryStore(database, a_journal(database)).positions(
            ACME, to_ada, before=None, limit=51
        )

    alone, among = database.ways[::2], database.ways[1::2]
    assert all("tenant_user_id_position_idx" in way for way in database.ways)
    assert all("recipient" not in way for way in alone)
    assert all("recipient" in way for way in among)
    assert not any("Seq Scan on requested" in way for way in database.ways)


async def test_keys_are_looked_up_one_by_one_whatever_was_prepared(
    database: Explained, made_postgres_url: str
) -> None:
    connection = await asyncpg.connect(made_postgres_url)
    await connection.execute("SET plan_cache_mode=force_generic_plan")
    await connection.execute(f"PREPARE asked AS {_CLAIM}")
    today = NOW_MS // 86_400_000
    given = f"'{{}}','{{}}','{{}}','{{}}',{today},{today - 1},0"
    steps = await connection.fetch(f"EXPLAIN EXECUTE asked({given})")
    await connection.close()

    way = "\n".join(step[0] for step in steps)
    assert "_pkey" in way
    assert "Seq Scan on idempotency" not in way


def a_journal(database: Explained) -> SqlJournal:
    return SqlJournal(
        database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
    )
