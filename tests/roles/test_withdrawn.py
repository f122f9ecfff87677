"""What a process has cancelled is ended by it, or by who takes over from it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec import structs

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import COUNTER_BITS, ChannelName, Node, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.task import Task
from sendwell.ports.journal import Entry
from sendwell.roles.delivery.rows import Claim
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.journal.journal import SqlJournal
from tests.services.needs import needs

pytestmark = needs("postgres")
NOW = SystemClock().now()
POSITION = Position(NOW // 1_000 << COUNTER_BITS)
TOMORROW = NOW + 86_400_000_000
OWNER, OTHER, HEIR = Node(0), Node(1), Node(2)
IN_HAND = (State.PROCESSING, State.CANCELLED)


@pytest.fixture
async def database(made_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(made_postgres_url)
    await database.with_connection(lambda connection: make_ahead(connection, NOW))
    yield database
    await database.close()


def store_of(database: PostgresDatabase, node: Node) -> DeliveryStore:
    journal = SqlJournal(
        database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
    )
    return DeliveryStore(database, journal, node=node)


async def scheduled(database: PostgresDatabase, owner: DeliveryStore) -> Task:
    """A delivery of the owner's that waits for tomorrow."""
    request = Requested(
        id=NotificationId("n"),
        tenant=TenantId("acme"),
        position=POSITION,
        accepted_at=NOW,
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
        content=Content(text="Your order"),
    )
    journal = SqlJournal(
        database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
    )
    await journal.start()
    await journal.accept([Entry(request)])
    task = Task(request, "0.email", 0, ChannelName("email"), NOW, State.SCHEDULED, TOMORROW, work=7)
    await database.commit(owner.put([task], epoch=1))
    return task


async def test_work_of_another_process_is_found_with_who_cancelled_it(
    database: PostgresDatabase,
) -> None:
    owner, other, heir = (store_of(database, node) for node in (OWNER, OTHER, HEIR))
    task = await scheduled(database, owner)

    taken = await other.withdraw([task, structs.replace(task, work=8)], by="erased", epoch=5)
    of_owner = await heir.take_over(OWNER, tuple(State), epoch=9, limit=10)
    of_other = await heir.take_over(OTHER, IN_HAND, epoch=9, limit=10)

    assert list(taken) == [True, False]
    assert of_owner == []
    found = [(each.work, each.state, each.reason) for each in of_other]
    assert found == [(7, State.CANCELLED, "erased")]


async def test_work_that_was_tried_since_it_was_read_stays_where_it_is(
    database: PostgresDatabase,
) -> None:
    owner, other = store_of(database, OWNER), store_of(database, OTHER)
    task = await scheduled(database, owner)
    await owner.claim([Claim(task.work, "mailbox", NOW, epoch=1)], is_urgent=False)
    tried = structs.replace(task, state=State.RETRYING, attempt=1)
    await database.commit(owner.postpone([tried]))

    assert [False] == list(await other.withdraw([task], by="cancel", epoch=5))
    assert [True] == list(await other.withdraw([tried], by="cancel", epoch=5))


async def test_what_is_cancelled_does_not_wait_again_for_what_was_decided_before(
    database: PostgresDatabase,
) -> None:
    owner = store_of(database, OWNER)
    task = await scheduled(database, owner)
    await owner.withdraw([task], by="cancel", epoch=1)

    await database.commit(owner.postpone([structs.replace(task, state=State.HELD)]))

    (left,) = await owner.abandoned(epoch=2, limit=10)
    assert State.CANCELLED is left.state


async def test_what_was_cancelled_in_flight_says_so_also_when_it_waits_for_its_next_attempt(
    database: PostgresDatabase,
) -> None:
    owner, other = store_of(database, OWNER), store_of(database, OTHER)
    task = await scheduled(database, owner)
    before = await other.let_go_no_further(task.request.tenant, POSITION)
    await owner.claim([Claim(task.work, "mailbox", NOW, epoch=1)], is_urgent=False)

    marked = await other.let_go_no_further(task.request.tenant, POSITION)
    tried = structs.replace(task, state=State.RETRYING, attempt=1, reason="http.503")
    await database.commit(owner.postpone([tried]))

    (left,) = await owner.of(task.request.tenant, POSITION)
    assert ([], ["0.email"]) == (before, marked)
    assert (State.RETRYING, "cancel") == (left.state, left.reason)


async def test_what_nobody_has_cancelled_says_why_it_waits(database: PostgresDatabase) -> None:
    owner = store_of(database, OWNER)
    task = await scheduled(database, owner)
    await owner.claim([Claim(task.work, "mailbox", NOW, epoch=1)], is_urgent=False)

    tried = structs.replace(task, state=State.RETRYING, attempt=1, reason="http.503")
    await database.commit(owner.postpone([tried]))

    (left,) = await owner.of(task.request.tenant, POSITION)
    assert left.reason == "http.503"
