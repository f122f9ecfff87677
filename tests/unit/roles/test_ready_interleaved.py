"""Whatever comes in whatever order, each work is handed out once, in its order."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.task import Task
from tests.unit.roles.ready_house import (
    BACKS,
    TENANTS,
    Back,
    Disk,
    a_queue,
    a_task,
    come_due,
    handed_out,
    let_run,
)


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
