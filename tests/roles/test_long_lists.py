"""What people keep with their notifications may be long: a list of many is read in pages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import NotificationId, Position, TenantId, UserId
from sendwell.messages.requested import Requested, To
from sendwell.ports.database import Database
from sendwell.ports.journal import Entry
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.tracker.api import routes
from sendwell.roles.tracker.service import Tracker
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.portion import MOST_BYTES
from tests.roles.calling import a_client, an_app
from tests.roles.databases import EITHER, either

ACME = TenantId("acme")
CLOCK, IDS = SystemClock(), SystemIds()
LIST = "/api/v1/notifications"
LONG = MOST_BYTES * 2 // 5
"""Two of these fit on a page."""
ENVELOPES = 4_000
ODD = b'{ "b":1.0,\t"a" : [{},1e2] }'


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    until = CLOCK.now()
    async with either(request, until=until) as database:
        yield database


@pytest.fixture
async def journal(database: Database) -> SqlJournal:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return journal


@pytest.fixture
async def client(database: Database, journal: SqlJournal) -> AsyncIterator[AsyncClient]:
    work = OpenCopies(database, DeliveryStore(database, journal))
    async with a_client(
        an_app(ACME, routers=[routes(Tracker(SqlRecords(database), work))])
    ) as client:
        yield client


async def accept(journal: SqlJournal, metadata: bytes = b"{}", *, people: int = 1) -> str:
    request = Requested(
        id=NotificationId(IDS.notification()), tenant=ACME, position=Position(IDS.position()),
        accepted_at=CLOCK.now(), event_type="order", lane=2,
        to=tuple(To(UserId(f"u-{number}")) for number in range(people)),
        metadata=msgspec.Raw(metadata),
    )  # fmt: skip
    await journal.accept([Entry(request)])
    return request.id


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_a_page_of_long_notifications_ends_early_and_none_is_left_out(
    client: AsyncClient, journal: SqlJournal, limit: int
) -> None:
    long = b'{"a":"%b"}' % (b"x" * LONG)
    ids = [await accept(journal, metadata) for metadata in (b"{}", long, long, long, b"{}")]

    pages: list[dict[str, Any]] = []
    asked: str | None = f"{LIST}?limit={limit}"
    while asked is not None:
        answer = await client.get(asked)
        assert len(answer.content) <= MOST_BYTES + ENVELOPES
        pages.append(answer.json())
        asked = answer.links["next"]["url"] if pages[-1]["next_cursor"] else None

    assert ids[::-1] == [each["id"] for page in pages for each in page["data"]]
    assert len(pages) == (5 if limit == 1 else 2)


async def test_a_page_of_notifications_to_many_ends_early_and_none_is_left_out(
    client: AsyncClient, journal: SqlJournal
) -> None:
    ids = [await accept(journal, people=people) for people in (1, 900, 900, 900, 1)]

    pages: list[list[str]] = []
    asked: str | None = LIST
    while asked is not None:
        answer = await client.get(asked)
        pages.append([each["id"] for each in answer.json()["data"]])
        asked = answer.links["next"]["url"] if "next" in answer.links else None

    assert pages == [ids[:1:-1], ids[1::-1]]


async def test_metadata_is_answered_as_it_was_given(
    client: AsyncClient, journal: SqlJournal
) -> None:
    id_ = await accept(journal, ODD)

    answers = [await client.get(LIST), await client.get(f"{LIST}/{id_}")]

    for answer in answers:
        assert "application/json" == answer.headers["content-type"]
        assert ODD in answer.content
