"""Positions of the bus on PostgreSQL, against a model of transactions that end in any order."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sendwell.adapters.bus.postgres.position import Place, Position, under_way

END = 2**63 - 1
WHICH = st.integers(0, 9)
SOME = precondition(lambda shard: shard.under_way)


@dataclass(eq=False)
class Transaction:
    """Publishes into one shard."""

    xid: int
    after: frozenset[int]
    """Those that were committed before it began."""
    parcels: list[Place] = field(default_factory=list)


class Shard(RuleBasedStateMachine):
    """What PostgreSQL shows to a group that reads the shard bit by bit."""

    lengths: ClassVar[list[int]] = []
    """How much the groups have read, each to the end of its shard."""

    @initialize(still_open=st.integers(0, 2), committed=st.integers(0, 2))
    def declare(self, still_open: int, committed: int) -> None:
        """The group begins somewhere in the middle."""
        self.last_xid = self.last_ended = 10
        self.last_seq = 100
        self.under_way: list[Transaction] = []
        self.committed: dict[int, Transaction] = {}
        self.read: list[Place] = []
        for _ in range(still_open + committed):
            self.begin()
        for _ in range(committed):
            self.commit(still_open)
        self.before = set(self.committed)
        self.position = Position(Place(self.last_ended, END), dict.fromkeys(self.listed, 0))

    @property
    def listed(self) -> list[int]:
        """What a snapshot lists: later ones than the last that has ended are not shown anyway."""
        return [each.xid for each in self.under_way if each.xid < self.last_ended]

    @rule()
    def begin(self) -> None:
        self.last_xid += 1
        self.under_way.append(Transaction(self.last_xid, frozenset(self.committed)))
        self.publish(-1)

    @SOME
    @rule(which=WHICH)
    def publish(self, which: int) -> None:
        transaction = self.under_way[which % len(self.under_way)]
        self.last_seq += 1
        transaction.parcels.append(Place(transaction.xid, self.last_seq))

    @SOME
    @rule(which=WHICH)
    def commit(self, which: int) -> None:
        self.end(which, self.committed)

    @SOME
    @rule(which=WHICH)
    def roll_back(self, which: int) -> None:
        self.end(which, {})

    def end(self, which: int, into: dict[int, Transaction]) -> None:
        ended = self.under_way.pop(which % len(self.under_way))
        self.last_ended = max(self.last_ended, ended.xid)
        into[ended.xid] = ended

    @rule(most=st.integers(1, 4))
    def hand_out(self, most: int) -> None:
        shown = sorted(place for each in self.committed.values() for place in each.parcels)
        batch = [place for place in shown if is_owed(self.position, place)][:most]
        self.read += batch
        if batch:
            is_cut = len(batch) == most
            self.position = self.position.after(batch[-1], under_way=self.listed, is_cut=is_cut)

    def teardown(self) -> None:
        while self.under_way:
            self.commit(0)
        count = -1
        while count < len(self.read):
            count = len(self.read)
            self.hand_out(3)
        self.assert_each_once()
        self.assert_in_order()
        self.lengths.append(len(self.read))

    def assert_each_once(self) -> None:
        due = [each for xid, each in self.committed.items() if xid not in self.before]
        assert sorted(place for each in due for place in each.parcels) == sorted(self.read)

    def assert_in_order(self) -> None:
        when = {place: n for n, place in enumerate(self.read)}
        for xid in self.committed.keys() - self.before:
            each = self.committed[xid]
            told = [when[place] for place in each.parcels]
            earlier = [self.committed[other] for other in each.after - self.before]
            told_before = [when[place] for other in earlier for place in other.parcels]
            assert told == sorted(told)
            assert max(told_before, default=-1) < told[0]


def is_owed(position: Position, place: Place) -> bool:
    """Whether a parcel there is not done with; as the statements ask it."""
    if place.xid in position.open:
        return place.seq > position.open[place.xid]
    return place > position.reached


def test_everything_is_read_once_and_in_order() -> None:
    Shard.lengths.clear()

    run_state_machine_as_test(Shard, settings=settings(max_examples=100, stateful_step_count=30))

    assert max(Shard.lengths) > 1, "nothing was there to be read in any order"


def test_a_snapshot_lists_what_is_under_way() -> None:
    snapshots = ("10:10:", "10:20:10", "10:20:10,14,15")

    listed: list[Collection[int]] = [under_way(text) for text in snapshots]

    assert [set(), {10}, {10, 14, 15}] == listed
