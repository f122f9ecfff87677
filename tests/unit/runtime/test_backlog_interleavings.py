"""Whatever the order of numbers, commits and reads: each notification is planned exactly once."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sendwell.domain.ids import Position
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Requested
from tests.unit.runtime.backlog_house import Disk, a_backlog, a_request, handed_out, let_run

LEFT = st.lists(st.sampled_from(["unplanned", "open", "over"]), max_size=12)
LANES = st.lists(st.sampled_from([Lane.HIGH, Lane.MEDIUM, Lane.LOW]), min_size=1, max_size=20)


class AnyInterleaving(RuleBasedStateMachine):
    """A gateway that numbers and stores, a disk that is read slowly, and a planner that asks."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.disk = Disk(is_slow=True)
        self.backlog = a_backlog(self.disk)
        self.last = 0
        self.numbered: list[Requested] = []
        self.group: list[Requested] = []
        self.expecting = self.backlog.expecting(())
        self.waiting: asyncio.Task[None] | None = None
        self.due: set[Position] = set()
        self.handed: list[int] = []

    @initialize(left=LEFT)
    def an_earlier_process_has_left_some(self, left: list[str]) -> None:
        for what in left:
            request = self.number(Lane.MEDIUM)
            self.disk.store([request])
            found = {"unplanned": self.due, "open": self.disk.open, "over": self.disk.over}
            found[what].add(request.position)
        self.backlog.recover()

    @rule(lanes=LANES, tenant=st.sampled_from(["acme", "beta"]))
    def some_are_numbered(self, lanes: list[Lane], tenant: str) -> None:
        self.numbered += [self.number(lane, tenant) for lane in lanes]

    @precondition(lambda self: self.numbered and not self.group)
    @rule(data=st.data())
    def some_of_them_are_about_to_be_stored(self, data: st.DataObject) -> None:
        order = data.draw(st.permutations(range(len(self.numbered))))
        size = data.draw(st.integers(1, len(order)))
        shuffled = [self.numbered[number] for number in order]
        self.group, self.numbered = shuffled[:size], shuffled[size:]
        self.expecting = self.backlog.expecting(self.group)
        self.expecting.__enter__()

    @precondition(lambda self: self.group)
    @rule()
    def they_are_stored(self) -> None:
        self.disk.store(self.group)

    @precondition(lambda self: self.group and self.group[0].position in self.disk.stored)
    @rule()
    def they_are_put(self) -> None:
        self.expecting.__exit__(None, None, None)
        self.backlog.put(self.group)
        self.due.update(request.position for request in self.group)
        self.group = []

    @precondition(lambda self: self.group and self.group[0].position not in self.disk.stored)
    @rule()
    def they_cannot_be_stored(self) -> None:
        self.expecting.__exit__(None, None, None)
        self.group = []

    @precondition(lambda self: self.waiting is None)
    @rule()
    def the_planner_asks(self) -> None:
        self.waiting = self.loop.create_task(self.backlog.wait())
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

    @rule(most=st.none() | st.integers(1, 3))
    def more_or_fewer_fit_into_a_reading(self, most: int | None) -> None:
        self.disk.most = most

    @precondition(lambda self: self.has_waited())
    @rule(most=st.integers(1, 6), later=st.sets(st.integers(0, 5), max_size=2))
    def it_plans_some_and_others_must_wait(self, most: int, later: set[int]) -> None:
        batch = self.backlog.take(most)
        self.waiting = None
        for number, request in enumerate(batch):
            if number in later:
                self.backlog.put([request])
            else:
                self.plan(request)

    @precondition(lambda self: self.disk.open)
    @rule(data=st.data())
    def one_ends(self, data: st.DataObject) -> None:
        position = data.draw(st.sampled_from(sorted(self.disk.open)))
        self.disk.open.remove(position)
        self.disk.over.add(position)

    def number(self, lane: Lane, tenant: str = "acme") -> Requested:
        self.last += 1
        return a_request(self.last, lane=lane, tenant=tenant)

    def plan(self, request: Requested) -> None:
        assert request.position in self.due
        assert request.position not in self.handed
        self.handed.append(request.position)
        self.disk.open.add(request.position)

    def has_waited(self) -> bool:
        self.let_run()
        return self.waiting is not None and self.waiting.done()

    def let_run(self) -> None:
        self.loop.run_until_complete(let_run())

    def teardown(self) -> None:
        """At the end everything that was accepted has been planned."""
        try:
            if self.group:
                self.they_are_stored()
                self.they_are_put()
            rest = handed_out(self.backlog, self.disk, waiting=self.waiting)
            self.handed += self.loop.run_until_complete(rest)
            assert sorted(self.handed) == sorted(self.due)
        finally:
            self.loop.close()


TestAnyInterleaving = AnyInterleaving.TestCase
