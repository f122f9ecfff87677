"""What names somebody who was erased: stopped where it is, and emptied once it has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.admission import ERASED
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.domain.policy import Policy
from sendwell.messages.extract import Extract
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.database import Database
from sendwell.ports.journal import Entry
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.tracker.told import events_of_moves, events_of_requests
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.erasure import Ask
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.forgetting import Forgetting
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from tests.services.made import made_file

ACME, ADA, BOB = TenantId("acme"), UserId("ada"), UserId("bob")
EMAIL = ChannelName("email")
CLOCK, IDS = SystemClock(), SystemIds()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = SqliteDatabase(made_file(tmp_path / "all.sqlite"))
    yield database
    await database.close()


@pytest.fixture
async def journal(database: Database) -> SqlJournal:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return journal


def a_request(*to: To) -> Requested:
    return Requested(
        id=NotificationId(IDS.notification()),
        tenant=ACME,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="order_shipped",
        lane=2,
        to=to,
        content=Content(text="Dear Ada"),
    )


def an_end(request: Requested, place: int = 0, *, rule: str = ERASED.rule) -> Status:
    return Status(
        ACME, request.id, request.position, f"{place}.email", EMAIL, State.SUPPRESSED,
        at=CLOCK.now(), planned_at=CLOCK.now(), rule=rule, user_id=request.to[place].user_id,
    )  # fmt: skip


@asynccontextmanager
async def at_work(forgetting: Forgetting) -> AsyncIterator[None]:
    running = asyncio.create_task(forgetting.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})


async def emptied(database: Database, request: Requested, *places: int) -> Requested:
    """The request, once these recipients are gone from it."""
    records = SqlRecords(database)
    async with asyncio.timeout(10):
        while True:
            found = await records.find(ACME, request.id)
            assert found is not None
            if found.erased == places:
                return found
            await asyncio.sleep(0.01)


async def test_a_request_is_emptied_when_it_has_ended_because_its_person_was_erased(
    database: Database, journal: SqlJournal
) -> None:
    late, other = a_request(To(ADA)), a_request(To(BOB))
    await journal.accept([Entry(late), Entry(other)])
    forgetting, flow = Forgetting(database), Flow(database, CLOCK)
    flow.listen(Status, forgetting.on_status)

    async with at_work(forgetting):
        await flow.run([an_end(other, rule="consent"), an_end(late)])
        found = await emptied(database, late, 0)

    assert (found.to, found.content) == ((To(),), None)
    assert await SqlRecords(database).find(ACME, other.id) == other


async def test_so_is_the_copy_of_another_service(database: Database, journal: SqlJournal) -> None:
    late = a_request(To(ADA), To(BOB))
    await journal.accept([Entry(late)])
    forgetting, flow = Forgetting(database), Flow(database, CLOCK)
    flow.listen(Extract, forgetting.on_extract)

    async with at_work(forgetting):
        await flow.run([Extract("1", "there", "delivery", statuses=(an_end(late),))])
        found = await emptied(database, late, 0)

    assert (found.to, found.content) == ((To(), To(BOB)), late.content)


async def test_what_a_crash_has_left_is_emptied_by_the_next_start(
    database: Database, journal: SqlJournal
) -> None:
    late = a_request(To(BOB), To(ADA))
    await journal.accept([Entry(late)])
    await database.commit(journal.recorded([an_end(late, 1)]))

    async with at_work(Forgetting(database)):
        found = await emptied(database, late, 1)

    assert found.to == (To(BOB), To())


async def test_the_last_look_before_a_send_stops_it_whatever_address_the_request_brings(
    database: Database,
) -> None:
    store = UserStore(database)
    users = Users(store, clock=CLOCK)
    accounts = Accounts(AccountStore(database), defaults=Policy(), clock=CLOCK)
    profile = Profile({EMAIL: "ada@example.org"})
    await users.put(ACME, ADA, profile)
    request = a_request(To(ADA, email="new@example.org"))
    task = Task(request, "0.email", 0, EMAIL, CLOCK.now())
    gate = Gate(users, accounts, channels=all_channels())
    (before,) = await gate.check([task], CLOCK.now())

    await store.erasures.begin(Ask(ACME, ADA, IDS.notification(), "support", CLOCK.now()))
    await users.gone(ACME, ADA)

    (after,) = await gate.check([task], CLOCK.now())
    assert before.verdict != ERASED
    assert after.verdict == ERASED


def test_the_history_does_not_say_whom_it_was_for() -> None:
    late, other = a_request(To(ADA)), a_request(To(BOB))

    accepted = events_of_requests([late, other], erased={(ACME, ADA)})
    moved = events_of_moves([an_end(late), an_end(other, rule="consent")])

    assert [event.user_id for event in accepted] == [None, BOB]
    assert {(e.notification, e.user_id) for e in moved} == {(late.id, None), (other.id, BOB)}
