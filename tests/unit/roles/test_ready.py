"""Whatever the order of numbers, commits and reads: each piece of work is handed out once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.task import Task
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.store import DeliveryStore

EMAIL = ChannelName("email")
WINDOW = 32
TENANTS = [TenantId("acme"), TenantId("beta")]
Back = Callable[[ReadyQueue, Sequence[Task]], None]
BACKS: Sequence[Back] = (ReadyQueue.put_back, ReadyQueue.untake)
BACK = pytest.mark.parametrize("back", BACKS)


def a_task(work: int, *, tenant: str = "acme", lane: Lane = Lane.MEDIUM, length: int = 0) -> Task:
    request = Requested(
        id=NotificationId(f"n-{work}"),
        tenant=TenantId(tenant),
        position=Position(work),
        accepted_at=0,
        event_type="test",
        lane=lane,
        to=(To(),),
        content=Content(text="x" * length),
    )
    return Task(
        request=request, part="0.email", recipient=0, channel=EMAIL, planned_at=0, work=work
    )


def some(*works: int) -> list[Task]:
    return [a_task(work) for work in works]


class Disk:
    """The pending work. While it `is_slow`, a read halts before it looks and before it tells."""

    def __init__(self) -> None:
        self.is_slow = False
        self.most: int | None = None
        """How many fit into one reading."""
        self.pending: dict[int, Task] = {}
        self.late: dict[int, Task] = {}
        """Work whose time has come."""
        self._halted: asyncio.Future[None] | None = None

    @property
    def is_halted(self) -> bool:
        return self._halted is not None

    def store(self, tasks: Sequence[Task]) -> None:
        self.pending |= {task.work: task for task in tasks}

    def go_on(self) -> None:
        """The read goes on to its next halt."""
        assert self._halted is not None
        self._halted.set_result(None)
        self._halted = None

    def fail(self) -> None:
        assert self._halted is not None
        self._halted.set_exception(OSError("disk I/O error"))
        self._halted = None

    async def ready(
        self, channel: ChannelName, lane: Lane, tenant: TenantId, *, after: int, limit: int
    ) -> tuple[list[Task], int | None]:
        await self._halt()
        found = [
            task
            for work, task in sorted(self.pending.items())
            if work > after and (task.request.lane, task.request.tenant) == (lane, tenant)
        ]
        await self._halt()
        taken = found[: min(limit, self.most or limit)]
        return taken, taken[-1].work if len(taken) < len(found) else None

    async def _halt(self) -> None:
        if self.is_slow:
            self._halted = asyncio.get_running_loop().create_future()
            await self._halted


def a_queue(disk: Disk) -> ReadyQueue:
    async def wake(works: Sequence[int]) -> Sequence[int]:
        most = disk.most or len(works)
        queue.put_due([disk.late.pop(work) for work in works[:most]])
        return works[most:]

    queue = ReadyQueue(EMAIL, cast("DeliveryStore", disk), wake=wake, budget=WINDOW)
    return queue


def come_due(queue: ReadyQueue, disk: Disk, tasks: Sequence[Task]) -> None:
    """Their time has come: those that find no room wait as numbers."""
    for task in tasks:
        disk.late[task.work] = task
        key = Lane(task.request.lane), task.request.tenant
        queue.put_due([disk.late.pop(work) for work in queue.fitting(*key, [task.work])])


def plan(queue: ReadyQueue, disk: Disk, tasks: Sequence[Task]) -> None:
    disk.store(tasks)
    queue.put(tasks)


def claim(queue: ReadyQueue, disk: Disk, most: int) -> list[int]:
    """Take work in hand: it is no longer pending."""
    taken = [task.work for task in queue.take(most, serves=lambda *_: True)]
    for work in taken:
        disk.pending.pop(work, None)
    return taken


async def let_run() -> None:
    """Everything has gone on that can: from one halt to the next it is a few turns."""
    for _ in range(10):
        await asyncio.sleep(0)


async def handed_out(
    queue: ReadyQueue, disk: Disk, *, filling: asyncio.Task[None] | None = None
) -> list[int]:
    """All the work, to the end, in its order; claimed as it comes."""
    handed: list[int] = []
    while True:
        filling = filling or asyncio.create_task(queue.fill())
        await let_run()
        while disk.is_halted:
            disk.go_on()
            await let_run()
        await filling
        filling = None
        works = claim(queue, disk, 7)
        handed += works
        if not works:
            return handed


async def test_what_does_not_fit_is_left_to_the_disk_and_read_back_in_its_order() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 201)))

    kept, was_spilled = len(queue), queue.is_spilled
    handed = await handed_out(queue, disk)

    assert (kept, was_spilled) == (WINDOW, True)
    assert handed == list(range(1, 201))
    assert not queue.is_spilled


async def test_one_tenants_flood_takes_no_room_from_another() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 201)))
    plan(queue, disk, [a_task(work, tenant="beta") for work in range(201, 204)])

    works = claim(queue, disk, 6)

    assert sorted(works) == [1, 2, 3, 201, 202, 203]


async def test_while_half_the_window_is_full_the_disk_is_not_read() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 41)))
    claim(queue, disk, WINDOW // 2 - 1)

    await queue.fill()
    before = len(queue)
    claim(queue, disk, 1)
    await queue.fill()

    assert (before, len(queue)) == (WINDOW // 2 + 1, 24)


async def test_what_an_earlier_process_left_is_read_back() -> None:
    disk = Disk()
    queue = a_queue(disk)
    disk.store(some(*range(1, 101)))
    queue.recover(Lane.MEDIUM, TenantId("acme"))

    handed = await handed_out(queue, disk)

    assert handed == list(range(1, 101))


async def test_work_whose_time_has_come_is_kept_however_much_waits() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(2, 42)))

    queue.put_due(some(1))

    assert len(queue) == WINDOW + 1
    assert sorted(await handed_out(queue, disk)) == list(range(1, 42))


async def test_of_what_comes_due_only_a_window_is_in_memory_and_all_is_handed_out() -> None:
    disk = Disk()
    queue = a_queue(disk)
    come_due(queue, disk, some(*range(1, 201)))

    kept, is_spilled = len(queue), queue.is_spilled
    await queue.fill()

    assert (kept, is_spilled, len(queue)) == (WINDOW, True, WINDOW)
    assert await handed_out(queue, disk) == list(range(1, 201))
    assert not queue.is_spilled


async def test_what_is_urgent_and_comes_due_does_not_wait_behind_the_rest() -> None:
    disk = Disk()
    queue = a_queue(disk)
    come_due(queue, disk, some(*range(1, 201)))

    come_due(queue, disk, [a_task(work, lane=Lane.HIGH) for work in range(201, 241)])

    assert claim(queue, disk, 3) == [201, 202, 203]
    assert queue.has_urgent


async def test_long_ones_fill_the_window_although_they_are_few() -> None:
    disk = Disk()
    queue = a_queue(disk)
    disk.most = 3
    tasks = [a_task(work, length=100_000) for work in range(1, 51)]
    plan(queue, disk, tasks[:25])
    come_due(queue, disk, tasks[25:])

    kept, weight = len(queue), queue.weight

    assert kept < WINDOW // 8
    assert weight < 3 * WINDOW
    assert sorted(await handed_out(queue, disk)) == list(range(1, 51))
    assert queue.weight == 0


async def test_after_a_portion_that_leaves_the_window_low_there_is_more_to_do() -> None:
    disk = Disk()
    queue = a_queue(disk)
    disk.most = 3
    disk.store(some(*range(1, 101)))
    queue.recover(Lane.MEDIUM, TenantId("acme"))

    fills = 0
    while queue.changed.is_set():
        queue.changed.clear()
        await queue.fill()
        fills += 1

    assert WINDOW // 2 < len(queue) <= WINDOW // 2 + 3
    assert fills == 6


@BACK
async def test_work_whose_time_comes_twice_while_it_waits_is_handed_out_once(back: Back) -> None:
    queue = a_queue(Disk())
    queue.put_due(some(1, 2))
    taken = queue.take(1, serves=lambda *_: True)
    back(queue, taken)

    queue.put_due(some(1, 2))

    works = [task.work for task in queue.take(9, serves=lambda *_: True)]
    assert works == [1, 2]
    queue.put_due(some(1))  # it was held once more, and this is its next time
    assert len(queue) == 1


@BACK
async def test_work_that_could_not_go_keeps_its_place(back: Back) -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(1, 2, 3))
    taken = queue.take(2, serves=lambda *_: True)

    back(queue, taken)

    assert await handed_out(queue, disk) == [1, 2, 3]


async def test_what_is_numbered_first_and_comes_last_is_handed_out_once() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(2, 34)))
    plan(queue, disk, some(1))
    plan(queue, disk, some(35))

    plan(queue, disk, some(34))

    assert sorted(await handed_out(queue, disk)) == list(range(1, 36))


async def test_what_somebody_else_has_in_hand_is_not_read_back() -> None:
    disk = Disk()
    queue = a_queue(disk)
    queue.put_due(some(*range(1, 33)))
    disk.store(some(33))  # on its way to be put off: nobody queues for it

    plan(queue, disk, some(34))

    assert 33 not in await handed_out(queue, disk)


async def test_what_comes_while_the_disk_is_read_is_handed_out_once_seen_or_not() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 33), 36))
    early = claim(queue, disk, 20)
    disk.is_slow = True
    filling = asyncio.create_task(queue.fill())
    await let_run()
    plan(queue, disk, some(34, 37))  # before it looks
    disk.go_on()
    await let_run()
    plan(queue, disk, some(33, 35, 38))  # before it tells

    handed = await handed_out(queue, disk, filling=filling)

    assert sorted([*early, *handed]) == list(range(1, 39))


async def test_what_comes_while_a_read_fails_is_not_lost() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(2, 34), 35))
    early = claim(queue, disk, 20)
    disk.is_slow = True
    filling = asyncio.create_task(queue.fill())
    await let_run()
    plan(queue, disk, some(1, 34, 36))
    disk.fail()
    with pytest.raises(OSError, match="disk"):
        await filling

    handed = await handed_out(queue, disk)

    assert sorted([*early, *handed]) == list(range(1, 37))


async def test_what_the_disk_shows_before_it_is_put_is_handed_out_once() -> None:
    disk = Disk()
    queue = a_queue(disk)
    queue.recover(Lane.MEDIUM, TenantId("acme"))
    tasks = some(1)
    queue.expect(tasks)
    disk.store(tasks)
    before = await handed_out(queue, disk)

    queue.put(tasks)

    assert (before, await handed_out(queue, disk)) == ([], [1])


class AnyInterleaving(RuleBasedStateMachine):
    """Plans that are numbered and stored in any order, a slow disk, and a dispatcher that takes."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.disk = Disk()
        self.disk.is_slow = True
        self.queue = a_queue(self.disk)
        self.last = 0
        self.numbered: list[list[Task]] = []
        self.stored: list[list[Task]] = []
        self.filling: asyncio.Task[None] | None = None
        self.waiting: list[Task] = []
        self.due: set[int] = set()
        self.handed: list[int] = []

    @initialize(left=st.integers(0, 40))
    def an_earlier_process_has_left_some(self, left: int) -> None:
        tasks = self.number(left, TENANTS[0])
        self.disk.store(tasks)
        self.due.update(task.work for task in tasks)
        self.queue.recover(Lane.MEDIUM, TENANTS[0])

    @rule(size=st.integers(1, 40), tenant=st.sampled_from(TENANTS))
    def some_are_numbered(self, size: int, tenant: TenantId) -> None:
        self.numbered.append(self.number(size, tenant))
        self.queue.expect(self.numbered[-1])

    @precondition(lambda self: self.numbered)
    @rule(data=st.data())
    def some_are_stored(self, data: st.DataObject) -> None:
        plan_ = self.numbered.pop(data.draw(st.integers(0, len(self.numbered) - 1)))
        self.disk.store(plan_)
        self.stored.append(plan_)

    @precondition(lambda self: self.numbered)
    @rule()
    def some_cannot_be_stored(self) -> None:
        self.queue.forget(self.numbered.pop())

    @precondition(lambda self: self.stored)
    @rule()
    def what_is_stored_is_put(self) -> None:
        for plan_ in self.stored:
            self.queue.put(plan_)
            self.due.update(task.work for task in plan_)
        self.stored.clear()

    @precondition(lambda self: self.filling is None)
    @rule()
    def the_dispatcher_fills(self) -> None:
        self.filling = self.loop.create_task(self.queue.fill())
        self.let_run()

    @precondition(lambda self: self.disk.is_halted)
    @rule()
    def the_read_goes_on(self) -> None:
        self.disk.go_on()
        self.let_run()

    @precondition(lambda self: self.disk.is_halted)
    @rule()
    def the_read_fails(self) -> None:
        self.disk.fail()
        self.let_run()
        assert self.filling is not None
        with pytest.raises(OSError, match="disk"):
            self.filling.result()
        self.filling = None

    @precondition(lambda self: self.filling is not None and not self.disk.is_halted)
    @rule(
        most=st.integers(1, 64),
        back=st.sets(st.integers(0, 63)),
        how=st.sampled_from(BACKS),
        later=st.integers(0, 2),
    )
    def it_takes_some(self, most: int, back: set[int], how: Back, later: int) -> None:
        self.filling = None
        taken = self.queue.take(most, serves=lambda *_: True)
        how(self.queue, [task for number, task in enumerate(taken) if number in back])
        going = [task for number, task in enumerate(taken) if number not in back]
        for task in going:
            self.disk.pending.pop(task.work, None)
        self.waiting += going[:later]
        for task in going[later:]:
            assert task.work in self.due
            assert task.work not in self.handed
            self.handed.append(task.work)

    @precondition(lambda self: self.waiting)
    @rule()
    def the_time_of_what_waited_has_come(self) -> None:
        come_due(self.queue, self.disk, self.waiting)
        self.waiting.clear()

    @rule(most=st.none() | st.integers(1, 8))
    def more_or_fewer_fit_into_a_reading(self, most: int | None) -> None:
        self.disk.most = most

    def number(self, size: int, tenant: TenantId) -> list[Task]:
        first, self.last = self.last + 1, self.last + size
        return [a_task(work, tenant=tenant) for work in range(first, self.last + 1)]

    def let_run(self) -> None:
        self.loop.run_until_complete(let_run())

    def teardown(self) -> None:
        """At the end all the work that is on disk has been handed out."""
        try:
            self.what_is_stored_is_put()
            come_due(self.queue, self.disk, self.waiting)
            rest = handed_out(self.queue, self.disk, filling=self.filling)
            self.handed += self.loop.run_until_complete(rest)
            assert sorted(self.handed) == sorted(self.due)
        finally:
            self.loop.close()


TestAnyInterleaving = AnyInterleaving.TestCase
