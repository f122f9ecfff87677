"""On PostgreSQL many rows are copied into their partitions; what comes out is what went in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.postgres_walls import raise_walls
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import COUNTER_BITS, ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.ports.journal import Acceptance, Entry
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.tables import OUTCOME
from tests.services.needs import needs

pytestmark = needs("postgres")

ACME, EMAIL = TenantId("acme"), ChannelName("email")
NOW_MS = SystemClock().now() // 1_000
WEEK_MS = 7 * 86_400_000
MANY = 40
ODD = 'a "word", {braces}\t\\N\n, ünïcode \U0001f4e8 and NULL'


@pytest.fixture
async def database(made_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(made_postgres_url)
    await database.with_connection(lambda link: make_ahead(link, NOW_MS * 1_000))
    await database.with_connection(raise_walls)
    yield database
    await database.close()


@pytest.fixture
def journal(database: PostgresDatabase) -> SqlJournal:
    window = timedelta(hours=24)
    return SqlJournal(database, idempotency_window=window, receipts_by_reference=frozenset())


def positions() -> list[Position]:
    """On either side of where a week ends, in turns."""
    weeks = (NOW_MS + n % 2 * WEEK_MS for n in range(MANY))
    return [Position((week + n << COUNTER_BITS) + n) for n, week in enumerate(weeks)]


def asked(position: Position) -> Requested:
    return Requested(
        id=NotificationId(f"n-{position}"),
        tenant=ACME,
        position=position,
        accepted_at=NOW_MS * 1_000,
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
        content=Content(text=ODD),
    )


def sent(position: Position, text: str | None) -> Status:
    id_, at = NotificationId(f"n-{position}"), NOW_MS * 1_000
    return Status(ACME, id_, position, "0.email", EMAIL, State.SENT, at=at, text=text)


async def texts(database: PostgresDatabase) -> dict[int, str | None]:
    rows = await database.rows(select(OUTCOME.c.position, OUTCOME.c.text))
    return {row.position: row.text for row in rows}


async def test_what_is_accepted_together_is_read_from_the_weeks_that_it_is_of(
    journal: SqlJournal,
) -> None:
    requests = {position: asked(position) for position in positions()}

    said = await journal.accept([Entry(request) for request in requests.values()])

    assert said == [Acceptance(request.id) for request in requests.values()]
    assert await journal.requested(list(requests)) == requests


async def test_what_ends_together_is_read_as_it_was_said(
    journal: SqlJournal, database: PostgresDatabase
) -> None:
    said = {position: ODD if position % 2 else None for position in positions()}

    await database.commit(journal.recorded([sent(*each) for each in said.items()]))

    assert await texts(database) == said


@pytest.mark.parametrize("text", ["\0", "\ud800"], ids=["the server", "the driver"])
async def test_what_cannot_be_stored_takes_nothing_with_it(
    journal: SqlJournal, database: PostgresDatabase, text: str
) -> None:
    bad, *good = positions()
    units = [journal.recorded([sent(position, None)]) for position in good]
    units.insert(MANY // 2, journal.recorded([sent(bad, text)]))

    results = await asyncio.gather(*map(database.commit, units), return_exceptions=True)

    failed = [each for each in results if isinstance(each, Exception)]
    assert (len(failed), results[MANY // 2]) == (1, failed[0])
    assert (await texts(database)).keys() == set(good)
