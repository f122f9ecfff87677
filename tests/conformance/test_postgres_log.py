"""What PostgreSQL writes ahead for each notification: it goes to standbys and into archives."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.postgres_walls import raise_walls
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.moved import status_of
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.ports.journal import Entry
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.journal.journal import SqlJournal
from tests.services.needs import needs

pytestmark = needs("postgres")

CLOCK, IDS = SystemClock(), SystemIds()
TOGETHER = 100
MOST_BYTES = 1_800
"""Of a notification to one address without words of its own; it is 1,684."""


@pytest.fixture
async def database(made_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(made_postgres_url)
    await database.with_connection(lambda link: make_ahead(link, CLOCK.now()))
    await database.with_connection(raise_walls)
    yield database
    await database.close()


def a_request() -> Requested:
    id_ = NotificationId(IDS.notification())
    return Requested(
        id=id_,
        tenant=TenantId("acme"),
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
    )


def begun(request: Requested) -> Task:
    task = Task(request, "0.email", 0, ChannelName("email"), CLOCK.now(), work=IDS.position())
    task.begin_attempt("vendor", CLOCK.now())
    return task


async def send(database: PostgresDatabase, count: int) -> None:
    """All that is written of so many, from their acceptance to their end."""
    window = timedelta(hours=24)
    journal = SqlJournal(database, idempotency_window=window, receipts_by_reference=frozenset())
    store = DeliveryStore(database, journal)
    for _ in range(count // TOGETHER):
        requests = [a_request() for _ in range(TOGETHER)]
        keys = [request.id.encode()[-16:] for request in requests]
        entries = [Entry(*each, b"f" * 8) for each in zip(requests, keys, strict=True)]
        await journal.accept(entries)
        tasks = [begun(request) for request in requests]
        await database.commit(store.put(tasks, epoch=1))
        ends = [status_of(task, State.SENT, CLOCK.now()) for task in tasks]
        await database.commit([*journal.recorded(ends), *store.finish(tasks)])


async def written(database: PostgresDatabase) -> int:
    (row,) = await database.rows(text("SELECT pg_current_wal_insert_lsn()-'0/0' AS bytes"))
    return int(row.bytes)


async def test_a_notification_is_written_ahead_in_few_bytes(database: PostgresDatabase) -> None:
    await send(database, 10 * TOGETHER)  # first each page is written whole
    before = await written(database)

    await send(database, 20 * TOGETHER)

    each = (await written(database) - before) / (20 * TOGETHER)
    assert each < MOST_BYTES
