"""On PostgreSQL what is old goes partition by partition, and a key stays unique past midnight."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import drop_old, make_ahead
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap import TABLES
from sendwell.bootstrap.database import House, open_house
from sendwell.domain.ids import (
    COUNTER_BITS,
    ChannelName,
    NotificationId,
    Position,
    TenantId,
    UserId,
)
from sendwell.domain.ledger import Ledger
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.journal import Acceptance, Entry, Filter
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.tracker.service import Tracker
from sendwell.runtime.copies.tables import OPEN
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.sweep import Sweep
from sendwell.runtime.process import Process
from sendwell.settings import read_settings
from tests.roles.open_among import nothing_open
from tests.services.needs import needs

pytestmark = [*needs("postgres")]

ACME, EMAIL = TenantId("acme"), ChannelName("email")
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 19, tzinfo=UTC)
"""A Thursday's: also a week begins."""
JOURNAL = {"journal": TABLES["journal"]}


@pytest.fixture
async def database(made_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(made_postgres_url)
    since = microseconds(MIDNIGHT - 60 * DAY)
    await database.with_connection(
        lambda connection: make_ahead(connection, microseconds(MIDNIGHT), since=since)
    )
    yield database
    await database.close()


@pytest.fixture
async def journal(database: PostgresDatabase) -> SqlJournal:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return journal


def microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e6)


def asked(name: str, at: datetime) -> Requested:
    return Requested(
        id=NotificationId(name),
        tenant=ACME,
        position=Position(microseconds(at) // 1_000 << COUNTER_BITS),
        accepted_at=microseconds(at),
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
        content=Content(text="Your order"),
    )


async def accept(journal: SqlJournal, name: str, seconds: float) -> Acceptance:
    """So many seconds behind midnight, by a process whose clock may differ from another one's."""
    request = asked(name, MIDNIGHT + timedelta(seconds=seconds))
    (said,) = await journal.accept([Entry(request, b"k" * 16, b"f" * 8)])
    return said


def sent(request: Requested) -> Status:
    at = request.accepted_at
    return Status(
        ACME, request.id, request.position, "0.email", EMAIL, State.SENT, at=at, planned_at=at
    )


async def there(database: PostgresDatabase, names: Iterable[str]) -> set[str]:
    records = SqlRecords(database)
    return {name for name in names if await records.find(ACME, NotificationId(name))}


async def parts_of(database: PostgresDatabase, table: str) -> int:
    question = text("SELECT count(*) AS n FROM pg_inherits WHERE inhparent=CAST(:t AS regclass)")
    (row,) = await database.rows(question.bindparams(t=table))
    return int(row.n)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param((-1, 30), id="the second one early in the new day"),
        pytest.param((-1, 61), id="the second one later in the new day"),
        pytest.param((30, 61), id="both in the new day, the first one early"),
        pytest.param((30, -1), id="the second one by a clock that is behind"),
        pytest.param((60.5, 59.5), id="the same where the first minute ends"),
        pytest.param((-30, -1), id="both in the old day"),
        pytest.param((-80_000, 3_600), id="within a day of each other"),
    ],
)
async def test_a_key_is_taken_once_on_either_side_of_midnight(
    journal: SqlJournal, times: tuple[float, float]
) -> None:
    first = await accept(journal, "first", times[0])

    second = await accept(journal, "second", times[1])

    assert not first.is_duplicate
    assert second == Acceptance(NotificationId("first"), is_duplicate=True)


async def test_a_twin_that_came_too_late_into_the_first_minute_leaves_no_trace(
    journal: SqlJournal,
) -> None:
    await accept(journal, "first", 60.5)
    await accept(journal, "second", 59.5)

    third = await accept(journal, "third", 61)

    assert third == Acceptance(NotificationId("first"), is_duplicate=True)


async def test_a_key_that_no_longer_counts_can_be_used_again(journal: SqlJournal) -> None:
    await accept(journal, "first", -10)

    again = await accept(journal, "second", DAY.total_seconds() + 10)

    assert again == Acceptance(NotificationId("second"))


async def test_old_partitions_go_but_for_what_is_still_open(
    database: PostgresDatabase, journal: SqlJournal
) -> None:
    times = {
        "older": 50, "open": 46, "beside the open one": 45, "behind it": 39,
        "open elsewhere": 58, "younger": 3,
    }  # fmt: skip
    requests = {name: asked(name, MIDNIGHT - days * DAY) for name, days in times.items()}
    await journal.accept([Entry(request) for request in requests.values()])
    due = microseconds(MIDNIGHT + DAY)
    task = Task(
        request=requests["open"], part="0.email", recipient=0, channel=EMAIL, planned_at=0, due=due
    )
    await database.commit(DeliveryStore(database, journal).put([task], epoch=1))
    elsewhere = dict.fromkeys(OPEN.c.keys(), 0) | {
        "position": requests["open elsewhere"].position, "part": "0.email", "tenant": ACME,
        "channel": EMAIL, "state": State.SCHEDULED, "provider": None, "rule": None,
    }  # fmt: skip
    await database.execute(insert(OPEN).values(elsewhere))
    days = await parts_of(database, "idempotency")
    before = microseconds(MIDNIGHT - 30 * DAY)

    dropped = await database.with_connection(
        lambda connection: drop_old(
            connection, journal_before=before, keys_before=microseconds(MIDNIGHT - 2 * DAY)
        )
    )

    assert await there(database, requests) == set(times) - {"older", "behind it"}
    assert {name.rpartition("_")[0] for name in dropped} >= {
        "requested", "recipient", "outcome", "idempotency",
    }  # fmt: skip
    assert days - await parts_of(database, "idempotency") > DAY.days * 50


class ClockAhead(SystemClock):
    """By as many days."""

    days = 0

    def now(self) -> int:
        return super().now() + self.days * (DAY // timedelta(microseconds=1))


@pytest.fixture
async def house(made_postgres_url: str) -> AsyncIterator[House]:
    process = Process()
    yield await open_house(read_settings({"DB_URL": made_postgres_url}), SystemClock(), process)
    await process.stop()


@pytest.mark.parametrize("days", [-100, 0, 2, 100])
async def test_a_process_whose_clock_is_ahead_drops_nothing_that_still_counts(
    house: House, days: int
) -> None:
    assert isinstance(house.database, PostgresDatabase)
    journal = SqlJournal(house.database, idempotency_window=DAY, receipts_by_reference=frozenset())
    tables = ("idempotency", "requested")
    there = {table: await parts_of(house.database, table) for table in tables}
    told = []

    async def forget(before: int) -> int:
        told.append(before)
        return 0

    clock = ClockAhead()
    clock.days = days
    sweep = Sweep(
        journal,
        clock,
        retention=DAY,
        open_among=nothing_open,
        part=house.part,
        agreed=house.agreed,
        following=[forget],
    )
    await sweep.once()

    (before,) = told
    assert there == {table: await parts_of(house.database, table) for table in tables}
    assert before <= min(clock.now(), SystemClock().now()) - DAY // timedelta(microseconds=1)


async def test_what_goes_with_a_partition_leaves_both_sides_of_the_ledger(
    database: PostgresDatabase, journal: SqlJournal
) -> None:
    requests = [asked(f"{days} days ago", MIDNIGHT - days * DAY) for days in (50, 49, 3)]
    await journal.accept([Entry(request) for request in requests])
    await database.commit(journal.planned({ACME: 4}))  # one of them is lost
    await database.commit(journal.recorded([sent(request) for request in requests]))
    before = microseconds(MIDNIGHT - 30 * DAY)

    for _ in range(2):  # a second process finds nothing more to forget
        await database.with_connection(
            lambda connection: drop_old(connection, journal_before=before, keys_before=before)
        )

    tracker = Tracker(SqlRecords(database), DeliveryStore(database, journal))
    assert await tracker.ledger(ACME) == Ledger(accepted=2, sent=1)


async def test_a_partition_that_cannot_go_stays_in_the_ledger(
    database: PostgresDatabase, journal: SqlJournal
) -> None:
    old = asked("old", MIDNIGHT - 50 * DAY)
    await journal.accept([Entry(old)])
    await database.commit(journal.planned({ACME: 1}))
    await database.commit(journal.recorded([sent(old)]))
    before = microseconds(MIDNIGHT - 30 * DAY)

    def drop(connection: Connection) -> None:
        connection.execute(text("SET lock_timeout='50ms'"))
        drop_old(connection, journal_before=before, keys_before=before)

    async with database.engine.connect() as reader:
        await reader.exec_driver_sql("BEGIN")
        await reader.execute(text("SELECT count(*) FROM outcome"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await database.with_connection(drop)
        await reader.exec_driver_sql("ROLLBACK")

    tracker = Tracker(SqlRecords(database), DeliveryStore(database, journal))
    assert await tracker.ledger(ACME) == Ledger(accepted=1, sent=1)


async def test_a_table_that_an_upgrade_makes_has_room_for_what_is_old(
    database: PostgresDatabase, journal: SqlJournal
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP TABLE recipient"))
        await connection.execute(text("UPDATE journal_version SET version_num='0003'"))

    await database.with_connection(lambda connection: migrate_on(connection, JOURNAL))

    old = msgspec.structs.replace(
        asked("old", MIDNIGHT - 50 * DAY), to=(To(UserId("ada")), To(UserId("bob")))
    )
    await database.commit(journal.copied([old]))
    of_bob = Filter(user_id="bob")
    found = await SqlRecords(database).positions(ACME, of_bob, before=None, limit=9)
    assert [old.position] == found.positions
