"""Which way SQLite takes to a page of a list: to the rows of the filter, and no further."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Table

from sendwell.adapters.sql.migrations import migrate
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import Position, TenantId
from sendwell.ports.journal import Filter
from sendwell.roles.delivery.tables import WORK
from sendwell.runtime.copies.tables import OPEN
from sendwell.runtime.journal.narrowing import Sought, newest, of_open_work, of_records
from sendwell.runtime.journal.records import SqlRecords
from tests.architecture.explained import Explained

ACME = TenantId("acme")
DAY = 86_400_000_000
PLACES = (None, Position(99))
FAR = Position(1)
STATUSES, CHANNELS, EVENTS, TIMES = (None, "DEAD"), (None, "email"), (None, "order"), (None, DAY)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Explained]:
    database = Explained(tmp_path / "plans.sqlite")
    own = ("journal", "delivery", "copies")
    migrate(database.engine, {owner: TABLES[owner] for owner in own})
    yield database
    await database.close()


async def test_what_is_to_a_person_is_found_by_the_person(database: Explained) -> None:
    for status, event, since, before in itertools.product(STATUSES, EVENTS, TIMES, PLACES):
        wish = Filter(status=status, event_type=event, since=since, user_id="ada")
        await SqlRecords(database).positions(ACME, wish, before=before, limit=51)
        await newest(database, of_records(Sought(ACME, wish, before, FAR)), 51)
        for table in (WORK, OPEN):
            await newest(database, of_open_work(table, Sought(ACME, wish, before)), 51)

    starts = {way.partition(" (")[0].replace("COVERING ", "") for way in database.ways}
    assert starts == {
        "SEARCH requested USING INDEX requested_user",
        "SEARCH recipient USING INDEX recipient_user",
    }
    assert not any("SCAN" in way for way in database.ways)


@pytest.mark.parametrize(
    ("table", "index"), [(WORK, "work_state"), (OPEN, "open_copy_state")], ids=["work", "copies"]
)
async def test_open_work_is_found_by_its_state(
    database: Explained, table: Table, index: str
) -> None:
    for channel, event, since, before in itertools.product(CHANNELS, EVENTS, TIMES, PLACES):
        wish = Filter(status="HELD", channel=channel, event_type=event, since=since)
        await newest(database, of_open_work(table, Sought(ACME, wish, before)), 51)

    found = f"SEARCH {table.name} USING INDEX {index} (tenant=? AND state=?"
    ways = [way.replace("COVERING ", "") for way in database.ways]
    assert [way for way in ways if "SCAN" in way or not way.startswith(found)] == []


async def test_what_has_ended_is_read_by_its_state_in_the_order_of_the_page(
    database: Explained,
) -> None:
    for channel, event, since, before in itertools.product(CHANNELS, EVENTS, TIMES, PLACES):
        wish = Filter(status="DEAD", channel=channel, event_type=event, since=since)
        await SqlRecords(database).positions(ACME, wish, before=before, limit=51)
        await newest(database, of_records(Sought(ACME, wish, before, FAR)), 51)

    found = "SEARCH outcome USING INDEX outcome_status (tenant=? AND status=?"
    ways = [way.replace("COVERING ", "") for way in database.ways]
    assert [way for way in ways if "B-TREE" in way or not way.startswith(found)] == []


@pytest.mark.parametrize(
    ("event", "index"),
    [(None, "requested_tenant (tenant=?"), ("order", "requested_event (tenant=? AND event_type=?")],
)
async def test_a_channel_is_sought_in_the_order_of_the_page_and_only_so_far(
    database: Explained, event: str | None, index: str
) -> None:
    wish = Filter(channel="sms", event_type=event)
    for before in PLACES:
        await newest(database, of_records(Sought(ACME, wish, before, FAR)), 51)

    found = f"SEARCH requested USING INDEX {index} AND position>?"
    ways = [way.replace("COVERING ", "") for way in database.ways]
    assert [way for way in ways if "B-TREE" in way or not way.startswith(found)] == []
