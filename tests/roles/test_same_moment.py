"""On PostgreSQL two processes do the same at one moment: one of them has, the other sees it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, select, text

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.errors import Conflict
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.database import Write
from sendwell.ports.journal import Acceptance, Entry
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.tables import IDEMPOTENCY, OUTCOME
from tests.services.needs import needs

pytestmark = needs("postgres")

ACME, EMAIL = TenantId("acme"), ChannelName("email")
CLOCK, IDS = SystemClock(), SystemIds()
BODY = b"f" * 8
WAITING = "SELECT count(*) AS sessions FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def database(made_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(made_postgres_url)
    await database.with_connection(lambda link: make_ahead(link, CLOCK.now()))
    yield database
    await database.close()


@pytest.fixture
async def other(made_postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Another process, in the middle of a transaction."""
    connection = await asyncpg.connect(made_postgres_url)
    await connection.execute("BEGIN; SET LOCAL sendwell.tenant='*'")
    yield connection
    await connection.close()


def a_journal(database: PostgresDatabase) -> SqlJournal:
    window = timedelta(hours=24)
    return SqlJournal(database, idempotency_window=window, receipts_by_reference=frozenset())


def a_request(name: str) -> Requested:
    return Requested(
        id=NotificationId(name),
        tenant=ACME,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
        content=Content(text="Your order"),
    )


def a_task(request: Requested) -> Task:
    return Task(
        request=request,
        part="0.email",
        recipient=0,
        channel=EMAIL,
        planned_at=CLOCK.now(),
        state=State.PENDING,
        work=IDS.position(),
    )


def ended(request: Requested, state: State) -> Status:
    return Status(ACME, request.id, request.position, "0.email", EMAIL, state, at=CLOCK.now())


async def as_it_waits(
    ours: Awaitable[Any], other: asyncpg.Connection, database: PostgresDatabase
) -> Any:
    """What becomes of ours, for which the other one's transaction ends while it waits for it."""
    task = asyncio.ensure_future(ours)
    async with asyncio.timeout(60):
        while not (await database.rows(text(WAITING)))[0].sessions:
            await asyncio.sleep(0.01)
    await other.execute("COMMIT")
    return await task


async def take_key(other: asyncpg.Connection, request: Requested, key: bytes) -> None:
    """As the other process does."""
    await other.execute(
        "INSERT INTO requested(position,tenant,id,event_type,accepted_at,body)"
        " VALUES($1,$2,$3,'order',0,'')",
        request.position,
        ACME,
        request.id,
    )
    await other.execute(
        "INSERT INTO idempotency VALUES($1,$2,$3,$4,$5)",
        key,
        ACME,
        BODY,
        request.position,
        request.accepted_at // 86_400_000_000,
    )


@pytest.mark.parametrize("many", [1, 20])
async def test_of_two_with_one_key_the_later_one_repeats(
    database: PostgresDatabase, other: asyncpg.Connection, many: int
) -> None:
    journal, theirs = a_journal(database), a_request("theirs")
    await take_key(other, theirs, b"k" * 16)
    names = [f"beside-{number}" for number in range(many)]
    beside = [Entry(a_request(name), name.encode().ljust(16), BODY) for name in names]
    ours = Entry(a_request("ours"), b"k" * 16, BODY)
    twin = Entry(a_request("twin"), beside[0].key, BODY)

    said = await as_it_waits(journal.accept([ours, *beside, twin]), other, database)

    first, *new, last = said
    assert first == Acceptance(theirs.id, is_duplicate=True)
    assert new == [Acceptance(each.request.id) for each in beside]
    assert last == Acceptance(beside[0].request.id, is_duplicate=True)
    keys = await database.rows(select(IDEMPOTENCY.c.key))
    assert len(keys) == 1 + many


async def test_units_that_met_another_process_are_written_together_the_second_time(
    database: PostgresDatabase, other: asyncpg.Connection
) -> None:
    theirs, written = a_request("theirs"), list[int]()
    await take_key(other, theirs, b"k" * 16)

    def count(connection: Connection, items: Sequence[int]) -> None:
        del connection
        written.append(len(items))

    ours = a_journal(database).accept([Entry(a_request("ours"), b"k" * 16, BODY)])
    beside = [database.commit([Write(count, [number])]) for number in range(5)]
    said, *_ = await as_it_waits(asyncio.gather(ours, *beside), other, database)

    assert said == [Acceptance(theirs.id, is_duplicate=True)]
    assert written == [5]


@pytest.mark.parametrize("many", [1, 20])
@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.BOUNCED])
async def test_what_two_say_of_one_end_is_one_end(
    database: PostgresDatabase, other: asyncpg.Connection, state: State, many: int
) -> None:
    journal, request = a_journal(database), a_request("first")
    await other.execute(
        "INSERT INTO outcome(position,part,tenant,notification,channel,status,at,planned_at,"
        "claimed_at,attempt) VALUES($1,'0.email',$2,'first','email','SENT',1,1,1,1)",
        request.position,
        ACME,
    )
    beside = [ended(a_request(f"beside-{number}"), State.SENT) for number in range(many)]

    unit = journal.recorded([*beside, ended(request, state)])
    await as_it_waits(database.commit(unit), other, database)

    rows = await database.rows(select(OUTCOME.c.notification, OUTCOME.c.status))
    told = {(each.notification, State.SENT) for each in beside}
    assert {tuple(row) for row in rows} == {("first", state), *told}


async def test_what_two_plan_is_planned_by_one(
    database: PostgresDatabase, other: asyncpg.Connection
) -> None:
    store, request = DeliveryStore(database, a_journal(database)), a_request("first")
    theirs = a_task(request)
    await other.execute(
        "INSERT INTO work(work,position,part,tenant,channel,lane,state,due,attempt,epoch,"
        "planned_at,claimed_at,plan) VALUES($1,$2,'0.email',$3,'email',2,'PENDING',0,0,0,0,0,'{}')",
        theirs.work,
        request.position,
        ACME,
    )

    with pytest.raises(Conflict, match="planned already"):
        await as_it_waits(database.commit(store.put([a_task(request)], epoch=1)), other, database)
