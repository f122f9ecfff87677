"""Lanes by weight, tenants in turn."""

from collections import Counter
from itertools import product
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.fair_queue import FairQueue
from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane

ACME, BETA = TenantId("acme"), TenantId("beta")


class Place(NamedTuple):
    lane: Lane
    tenant: TenantId
    number: int


def a_full_queue(tenants: int, each: int) -> FairQueue[Place]:
    """So many of each tenant in each lane."""
    queue: FairQueue[Place] = FairQueue()
    for lane, number, tenant in product(Lane, range(each), range(tenants)):
        whose = TenantId(f"tenant {tenant}")
        queue.put(lane, whose, Place(lane, whose, number))
    return queue


def test_the_higher_lane_is_served_first() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put(Lane.LOW, ACME, "low")
    queue.put(Lane.CRITICAL, ACME, "critical")

    taken = queue.take(2)

    assert taken == ["critical", "low"]


def test_a_flood_above_starves_nobody_below() -> None:
    queue: FairQueue[Lane] = FairQueue()
    for lane in Lane:
        for _ in range(1_000):
            queue.put(lane, ACME, lane)

    taken = queue.take(96)

    counts = {lane: taken.count(lane) for lane in Lane}
    assert counts == {Lane.CRITICAL: 84, Lane.HIGH: 4, Lane.MEDIUM: 4, Lane.LOW: 4}


def test_tenants_of_a_lane_are_served_in_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(100):
        queue.put(Lane.LOW, ACME, f"acme {number}")
    queue.put(Lane.LOW, BETA, "beta 0")

    taken = queue.take(3)

    assert taken == ["acme 0", "beta 0", "acme 1"]


def test_a_tenant_that_is_not_served_keeps_its_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put(Lane.LOW, ACME, "acme")
    queue.put(Lane.LOW, BETA, "beta")

    first = queue.take(5, serves=lambda _, tenant: tenant == BETA)
    then = queue.take(5)

    assert (first, then) == (["beta"], ["acme"])


def test_what_is_put_back_is_next() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(3):
        queue.put(Lane.HIGH, ACME, number)
    (first,) = queue.take(1)

    queue.put_back(Lane.HIGH, ACME, first)

    assert queue.take(3) == [0, 1, 2]


def test_what_is_put_back_has_had_its_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    for tenant in (ACME, BETA):
        queue.put(Lane.HIGH, tenant, tenant)

    queue.put_back(Lane.HIGH, ACME, *queue.take(1))

    assert queue.take(2) == [BETA, ACME]


@given(st.integers(1, 9), st.integers(1, 64), st.integers(1, 12))
def test_what_is_untaken_is_as_if_it_had_not_been_taken(
    tenants: int, most: int, passes: int
) -> None:
    """However many go of those that are taken, lanes and tenants come as in one go."""
    in_one_go, in_parts = (a_full_queue(tenants, 24) for _ in range(2))

    taken: list[Place] = []
    while len(taken) < 96:
        batch = in_parts.take(most)
        taken += batch[:passes]
        for place in reversed(batch[passes:]):
            in_parts.untake(place.lane, place.tenant, place)

    assert taken == in_one_go.take(len(taken))
    assert len(in_parts) == len(in_one_go)


def test_where_many_are_untaken_each_time_nobody_starves() -> None:
    queue = a_full_queue(2, 200)

    gone: list[Place] = []
    for _ in range(96):
        first, *others = queue.take(64)
        gone.append(first)
        for place in reversed(others):
            queue.untake(place.lane, place.tenant, place)

    assert Counter(place.tenant for place in gone) == {"tenant 0": 48, "tenant 1": 48}
    assert Counter(place.lane for place in gone) == {
        Lane.CRITICAL: 84,
        Lane.HIGH: 4,
        Lane.MEDIUM: 4,
        Lane.LOW: 4,
    }


def test_a_pick_that_finds_nobody_to_serve_is_no_lanes_turn() -> None:
    queue = a_full_queue(1, 96)

    gone: list[Place] = []
    for _ in range(96):
        queue.take(1, serves=lambda *_: False)
        gone += queue.take(1)

    assert gone == a_full_queue(1, 96).take(96)


def test_what_is_untaken_goes_before_what_has_come_meanwhile() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put(Lane.LOW, ACME, "first")
    taken = queue.take(1)
    queue.put(Lane.LOW, BETA, "meanwhile")
    queue.put(Lane.LOW, ACME, "second")

    queue.untake(Lane.LOW, ACME, *taken)

    assert queue.take(3) == ["first", "meanwhile", "second"]


def test_an_empty_queue_gives_nothing() -> None:
    queue: FairQueue[int] = FairQueue()

    taken = queue.take(3)

    assert (taken, len(queue)) == ([], 0)


@given(st.lists(st.tuples(st.sampled_from(Lane), st.sampled_from([ACME, BETA]))))
def test_everything_comes_out_once_and_in_order_within_lane_and_tenant(
    puts: list[tuple[Lane, TenantId]],
) -> None:
    queue: FairQueue[tuple[Lane, TenantId, int]] = FairQueue()
    for number, (lane, tenant) in enumerate(puts):
        queue.put(lane, tenant, (lane, tenant, number))
    depths = [queue.depth(lane) for lane in Lane]

    taken = queue.take(len(puts) + 1)

    assert sorted(number for _, _, number in taken) == list(range(len(puts)))
    assert sum(depths) == len(puts)
    assert all(queue.waiting(lane, ACME) == 0 for lane in Lane)
    for lane in Lane:
        for tenant in (ACME, BETA):
            own = [number for at, whose, number in taken if (at, whose) == (lane, tenant)]
            assert own == sorted(own)


def test_urgent_ones_are_taken_past_the_others_which_keep_their_places() -> None:
    queue: FairQueue[str] = FairQueue()
    for lane in reversed(Lane):
        queue.put(lane, ACME, f"acme {lane.label}")
        queue.put(lane, BETA, f"beta {lane.label}")
    had_urgent = queue.has_urgent

    urgent = queue.take_urgent(10)

    assert urgent == ["acme critical", "beta critical", "acme high", "beta high"]
    assert (had_urgent, queue.has_urgent) == (True, False)
    assert queue.take(10) == ["acme medium", "beta medium", "acme low", "beta low"]


def test_the_depth_of_a_lane_is_what_waits_in_it() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(5):
        queue.put(Lane.LOW, ACME, number)
    (first,) = queue.take(1)
    queue.put_back(Lane.LOW, ACME, first)
    queue.take(2)

    assert [queue.depth(lane) for lane in Lane] == [0, 0, 0, 3]


def test_what_an_item_weighs_counts_while_it_waits() -> None:
    queue: FairQueue[int] = FairQueue(weigh=lambda item: item)
    for item in (1, 5, 7):
        queue.put(Lane.LOW, ACME, item)
    queue.put(Lane.HIGH, BETA, 3)
    before = queue.weight, queue.waiting(Lane.LOW, ACME), len(queue)

    queue.put_back(Lane.HIGH, BETA, *queue.take(1))
    queue.take_urgent(1)
    queue.take(2)

    assert before == (16, 13, 4)
    assert (queue.weight, queue.waiting(Lane.LOW, ACME), len(queue)) == (7, 7, 1)
    queue.take(1)
    assert (queue.weight, queue.waiting(Lane.LOW, ACME)) == (0, 0)
