"""What is held is asked again when the rules change that hold it: all of it, and only that."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.adapters.system import SystemClock
from sendwell.domain.budget import Budget
from sendwell.domain.ids import ChannelName, Node, NotificationId, Position, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.roles.delivery.held import HeldPlace, HeldWork
from sendwell.roles.delivery.second_look import SecondLook
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.tables import METADATA
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.tables import METADATA as JOURNAL
from sendwell.runtime.timers import Timers
from tests.roles.moody_database import MoodyDatabase

ACME, BETA = TenantId("acme"), TenantId("beta")
CHANNELS = [ChannelName(name) for name in ("email", "sms", "push")]
MANY = 1_203
TOMORROW = 2**60
BUDGET = replace(Policy(), budget=Budget(5))


def a_task(work: int, *, tenant: TenantId = ACME, state: State = State.HELD) -> Task:
    request = Requested(
        id=NotificationId(f"n-{work}"),
        tenant=tenant,
        position=Position(work),
        accepted_at=0,
        event_type="test",
        lane=list(Lane)[work % 4],
        to=(To(user_id=UserId("ada")),),
    )
    return Task(
        request,
        "0.x",
        0,
        CHANNELS[work % 3],
        planned_at=0,
        state=state,
        due=TOMORROW,
        work=work,
    )


class House:
    """The store, and a second look whose timers tell what has come due."""

    def __init__(self, folder: Path) -> None:
        self.database = MoodyDatabase(folder / "delivery.sqlite")
        METADATA.create_all(self.database.engine)
        JOURNAL.create_all(self.database.engine)
        self.store = self.store_of(0)
        self.due: list[int] = []
        self.fired = asyncio.Event()
        clock = SystemClock()
        self._timers = Timers(clock, load=self._load, fire=self._fire)
        self.held = HeldWork(self.database, node=Node(0))
        self.look = SecondLook(self.held, self._timers, clock)

    def store_of(self, node: int) -> DeliveryStore:
        journal = SqlJournal(
            self.database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
        )
        return DeliveryStore(self.database, journal, node=Node(node))

    async def put(self, tasks: Sequence[Task], *, node: int = 0) -> None:
        await self.database.commit(self.store_of(node).put(tasks, epoch=1))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._timers.run())
            tasks.create_task(self.look.run())

    async def comes_due(self, count: int) -> list[int]:
        """The numbers of what has come due, once it is so many."""
        async with asyncio.timeout(10):
            while len(self.due) < count:
                self.fired.clear()
                await self.fired.wait()
        return sorted(self.due)

    async def _load(self, after: tuple[int, int], limit: int) -> Sequence[tuple[int, int]]:
        return await self.store.due(after=after, limit=limit)

    async def _fire(self, works: Sequence[int]) -> None:
        self.due += works
        self.fired.set()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    running = asyncio.create_task(house.run())
    yield house
    running.cancel()
    await house.database.close()


async def test_everything_that_is_held_of_the_tenant_here_comes_due_at_once(house: House) -> None:
    await house.put([a_task(number) for number in range(1, MANY)])
    await house.put([a_task(MANY, tenant=BETA), a_task(MANY + 1, state=State.SCHEDULED)])
    await house.put([a_task(MANY + 2)], node=1)

    house.look.rules_changed(ACME, Policy(), BUDGET)

    assert await house.comes_due(MANY - 1) == list(range(1, MANY))


async def test_a_change_that_holds_nothing_wakes_nothing(house: House) -> None:
    await house.put([a_task(1), a_task(2, tenant=BETA)])

    house.look.rules_changed(ACME, Policy(), replace(Policy(), quota=Rate.parse("1/s")))
    house.look.rules_changed(BETA, Policy(), BUDGET)

    assert await house.comes_due(1) == [2]


async def test_where_the_installation_holds_otherwise_all_tenants_work_comes_due(
    house: House,
) -> None:
    await house.put([a_task(1), a_task(2, tenant=BETA), a_task(3, state=State.SCHEDULED)])
    await house.put([a_task(4)], node=1)

    house.look.look_at_all()

    assert await house.comes_due(2) == [1, 2]


async def test_that_nobody_knows_for_a_moment_what_is_held_loses_nothing(house: House) -> None:
    await house.put([a_task(1), a_task(2, tenant=BETA)])
    house.database.silences = 3

    house.look.look_at_all()

    assert await house.comes_due(2) == [1, 2]
    assert 0 == house.database.silences


async def test_held_work_is_listed_once_and_in_pages(house: House) -> None:
    await house.put([a_task(number) for number in range(1, 100)])

    place, listed = HeldPlace(), list[int]()
    while page := await house.held.of_tenant(ACME, after=place, limit=7):
        listed += [each.work for each in page]
        place = page[-1]

    assert sorted(listed) == list(range(1, 100))
