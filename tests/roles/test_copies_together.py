"""Copies that two processes of one service keep on one PostgreSQL, both at the same time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import COUNTER_BITS, ChannelName, Node, Part, Position
from sendwell.domain.lifecycle import State
from sendwell.domain.presets.plain import PRESET
from sendwell.messages.extract import Extract
from sendwell.messages.status import Status
from sendwell.messages.wire.packed import Packer
from sendwell.ports.bus import Bus
from sendwell.ports.database import Unit
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.orchestrator.fallbacks import Fallbacks
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.tables import TALLY
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.scene import Scene
from tests.services.needs import needs
from tests.unit.messages.builders import a_move, a_request, a_task

pytestmark = needs("postgres")
SOON_SECONDS = 10
POSITION = Position(SystemClock().now() // 1_000 << COUNTER_BITS)
PUSH = ChannelName("push")
REQUEST = a_request(position=POSITION)
TASK = a_task(REQUEST)
SENT = replace(a_move().status, position=POSITION)
TAKEN = Extract("there:1", "there", "email", tasks=(TASK,))
ENDED = Extract("there:2", "there", "email", statuses=(SENT,))


class SlowDatabase(PostgresDatabase):
    """Commits no sooner than a test says."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.waits = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        self.waits.set()
        await self.may_go_on.wait()
        return await super().commit(unit, is_urgent=is_urgent)


class Process:
    """One process of the service that keeps copies."""

    def __init__(self, database: PostgresDatabase, node: int) -> None:
        self.database = database
        clock = SystemClock()
        journal = SqlJournal(
            database,
            idempotency_window=timedelta(hours=24),
            receipts_by_reference=frozenset(),
            node=Node(node),
        )
        ids = SystemIds(node=node)
        self.open = OpenCopies(database, DeliveryStore(database, journal, node=Node(node)))
        self.copies = Copies(
            database,
            journal,
            self.open,
            outbox=Outbox(database, cast("Bus", None), ids=ids, node=Node(node)),
            packer=Packer(PRESET, secret=b"ours", tasks_by=PRESET),
            ids=ids,
            name="here",
            service="gateway",
            tells_requested=False,
        )
        self.flow = Flow(database, clock)
        self.flow.listen(Extract, self.copies.on_extract)
        self.flow.listen(Extract, self.fall_back)
        self.fallbacks = Fallbacks(journal)
        self.fallen_back: Sequence[Status] = ()

    async def fall_back(self, batch: Sequence[Extract], scene: Scene) -> Sequence[Message]:
        """As the planner does."""
        failed = [s for extract in batch for s in extract.statuses if s.state is State.DEAD]
        self.fallen_back = await self.fallbacks.last_of_each(failed, failed, scene)
        return ()

    async def hear(self, extract: Extract) -> None:
        """Until it is dealt with, as a bus has it."""
        async with asyncio.timeout(SOON_SECONDS):
            while unheard := await self.copies.unheard([extract]):
                try:
                    await self.flow.run(unheard)
                except Unavailable:
                    continue

    async def planned(self) -> int:
        (row,) = await self.database.rows(select(func.sum(TALLY.c.deliveries).label("all")))
        return int(row.all)


@pytest.fixture
async def processes(made_postgres_url: str) -> AsyncIterator[tuple[Process, Process]]:
    slow, quick = SlowDatabase(made_postgres_url), PostgresDatabase(made_postgres_url)
    now = SystemClock().now()
    await quick.with_connection(lambda connection: make_ahead(connection, now))
    yield Process(slow, 1), Process(quick, 2)
    await slow.close()
    await quick.close()


async def heard_while(
    processes: tuple[Process, Process], first: Extract, second: Extract
) -> Process:
    """One process has looked, and is about to store it, when the other does all of its part."""
    one, other = processes
    assert isinstance(one.database, SlowDatabase)
    hearing = asyncio.create_task(one.hear(first))
    await one.database.waits.wait()
    await other.hear(second)
    one.database.may_go_on.set()
    await hearing
    return other


async def test_a_delivery_that_ends_while_another_process_hears_of_its_begin_stays_ended(
    processes: tuple[Process, Process],
) -> None:
    process = await heard_while(processes, TAKEN, ENDED)

    assert {} == await process.open.open_counts(REQUEST.tenant)
    assert 1 == await process.planned()


async def test_of_two_failures_that_two_processes_hear_at_the_same_time_one_is_the_last(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    parts = [str(Part(0, PUSH, target=target)) for target in (0, 1)]
    tasks = tuple(replace(TASK, part=part, channel=PUSH, beside=2) for part in parts)
    dead = [replace(SENT, part=part, channel=PUSH, state=State.DEAD, beside=2) for part in parts]
    await other.hear(Extract("there:1", "there", "push", tasks=tasks))

    await heard_while(
        processes,
        Extract("there:2", "there", "push", statuses=(dead[0],)),
        Extract("there:3", "there", "push", statuses=(dead[1],)),
    )

    assert [[dead[0]], []] == [one.fallen_back, other.fallen_back]


async def test_what_two_processes_hear_at_the_same_time_counts_once(
    processes: tuple[Process, Process],
) -> None:
    process = await heard_while(processes, TAKEN, TAKEN)

    assert {"PENDING": 1} == await process.open.open_counts(REQUEST.tenant)
    assert 1 == await process.planned()


async def test_a_delivery_that_has_ended_is_not_opened_by_an_earlier_move_that_comes_later(
    processes: tuple[Process, Process],
) -> None:
    _, process = processes
    retried = replace(SENT, state=State.RETRYING, at=SENT.at - 1, attempt=0)

    await process.hear(TAKEN)
    await process.hear(ENDED)
    await process.hear(Extract("there:3", "there", "email", statuses=(retried,)))

    assert {} == await process.open.open_counts(REQUEST.tenant)
    assert 1 == await process.planned()
