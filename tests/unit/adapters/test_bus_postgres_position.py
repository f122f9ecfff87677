"""Positions of the bus on PostgreSQL, against a model of transactions that end in any order."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule

from sendwell.adapters.bus.postgres.position import Place, Position, under_way

END = 2**63 - 1


@dataclass(eq=False)
class Transaction:
    """Publishes into one shard. It has a number from its first parcel on."""

    xid: int
    parcels: list[Place] = field(default_factory=list)
    after: frozenset[int] = frozenset()
    """Those that were committed before it had its number."""


class Shard(RuleBasedStateMachine):
    """What PostgreSQL would show to a group that reads the shard bit by bit."""

    open_ones = Bundle("open_ones")

    @initialize(committed=st.integers(0, 2), still_open=st.integers(0, 2))
    def declare(self, committed: int, still_open: int) -> None:
        """The group begins somewhere in the middle."""
        self.last_xid = self.last_ended = 10
        self.last_seq = 100
        self.under_way: dict[int, Transaction] = {}
        self.committed: dict[int, Transaction] = {}
        self.read: list[Place] = []
        for _ in range(still_open):
            self.begin()
        for _ in range(committed):
            self.commit(self.begin())
        self.before = set(self.committed)
        self.position = Position(Place(self.last_ended, END), dict.fromkeys(self.listed, 0))

    @property
    def listed(self) -> list[int]:
        """What a snapshot lists: later ones than the last that has ended are not shown anyway."""
        return [xid for xid in self.under_way if xid < self.last_ended]

    @rule(target=open_ones)
    def begin(self) -> Any:
        self.last_xid += 1
        begun = Transaction(self.last_xid, after=frozenset(self.committed))
        self.under_way[begun.xid] = begun
        self.publish(begun)
        return begun

    @rule(transaction=open_ones)
    def publish(self, transaction: Transaction) -> None:
        self.last_seq += 1
        transaction.parcels.append(Place(transaction.xid, self.last_seq))

    @rule(transaction=consumes(open_ones))
    def commit(self, transaction: Transaction) -> None:
        self.committed[transaction.xid] = self.end(transaction)

    @rule(transaction=consumes(open_ones))
    def roll_back(self, transaction: Transaction) -> None:
        self.end(transaction)

    def end(self, transaction: Transaction) -> Transaction:
        self.last_ended = max(self.last_ended, transaction.xid)
        return self.under_way.pop(transaction.xid)

    @rule(most=st.integers(1, 4))
    def hand_out(self, most: int) -> None:
        shown = sorted(p for each in self.committed.values() for p in each.parcels)
        owed = [place for place in shown if self.position.owes(place)]
        batch = owed[:most]
        self.read += batch
        if batch:
            self.position = self.position.after(
                batch[-1], under_way=self.listed, is_cut=len(batch) == most
            )

    def teardown(self) -> None:
        for transaction in list(self.under_way.values()):
            self.commit(transaction)
        count = -1
        while count < len(self.read):
            count = len(self.read)
            self.hand_out(3)
        self.assert_each_once()
        self.assert_in_order()

    def assert_each_once(self) -> None:
        due = [t for t in self.committed.values() if t.xid not in self.before]
        assert sorted(place for each in due for place in each.parcels) == sorted(self.read)

    def assert_in_order(self) -> None:
        when = {place: n for n, place in enumerate(self.read)}
        for each in self.committed.values():
            told = [when[place] for place in each.parcels if place in when]
            earlier = [
                when[place]
                for xid in each.after - self.before
                for place in self.committed[xid].parcels
            ]
            assert told == sorted(told)
            assert max(earlier, default=-1) < min(told, default=len(self.read))


Shard.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestEverythingIsReadOnceAndInOrder = Shard.TestCase


def test_a_snapshot_lists_what_is_under_way() -> None:
    listed: list[Collection[int]] = [
        under_way(text) for text in ("10:10:", "10:20:10", "10:20:10,14,15")
    ]

    assert [set(), {10}, {10, 14, 15}] == listed
