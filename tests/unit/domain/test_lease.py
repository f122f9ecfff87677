"""Several of a rate at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.lease import Lease, Wish, lease, room_of
from sendwell.domain.limits import CLOCKS_DIFFER_US, Rate

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
RATE = Rate.parse("1000/s")
PACE = RATE.interval_us


def test_what_is_wanted_is_granted_and_counts_from_now_on() -> None:
    assert lease(None, Wish("a", RATE, 300), now=NOW) == Lease(300, NOW + 300 * PACE)


def test_when_there_are_fewer_as_many_are_granted_as_there_are() -> None:
    stands = NOW + 900 * PACE

    assert lease(stands, Wish("a", RATE, 300), now=NOW) == Lease(100, NOW + SECOND)


@pytest.mark.parametrize(("taken", "granted"), [(0, 1 + 9), (500, 1 + 4), (950, 1), (1000, 0)])
def test_in_advance_there_is_one_in_a_hundred_of_what_would_be_left(
    taken: int, granted: int
) -> None:
    assert lease(NOW + taken * PACE, Wish("a", RATE, 1, 50), now=NOW).granted == granted


def test_in_advance_there_are_no_more_than_are_welcome() -> None:
    assert lease(None, Wish("a", RATE, 1, 3), now=NOW).granted == 4


def test_what_is_put_back_can_be_leased_again() -> None:
    first = lease(None, Wish("a", RATE, 1000), now=NOW)

    returned = lease(first.tat, Wish("a", RATE, returned=400), now=NOW)
    again = lease(returned.tat, Wish("a", RATE, 1000), now=NOW)

    assert (returned.granted, again.granted) == (0, 400)


def test_what_is_put_back_never_makes_more_than_a_whole_burst() -> None:
    assert lease(NOW + 5 * PACE, Wish("a", RATE, 2000, returned=900), now=NOW).granted == 1000


def test_a_clock_that_was_set_back_leaves_one() -> None:
    stands = NOW + SECOND + CLOCKS_DIFFER_US + 1

    assert lease(stands, Wish("a", RATE, 9), now=NOW).granted == 1


def test_a_key_that_another_clock_put_ahead_has_no_room() -> None:
    assert room_of(RATE, NOW + SECOND + 500_000, NOW) == 0
    assert room_of(RATE, NOW - SECOND, NOW) == 1000


STEPS = st.lists(
    st.tuples(st.integers(0, SECOND), st.integers(0, 40), st.integers(0, 20), st.integers(0, 1)),
    max_size=30,
)


@given(steps=STEPS)
def test_whatever_is_leased_and_put_back_what_is_kept_is_within_the_rate(
    steps: list[tuple[int, int, int, int]],
) -> None:
    rate = Rate.parse("20/s burst 30")
    tat, now, last, kept = None, NOW, 0, 0

    for passed, count, spare, is_put_back in steps:
        now += passed
        back = last if is_put_back else 0
        leased = lease(tat, Wish("a", rate, count, spare, back), now=now)
        kept += leased.granted - back
        tat, last = leased.tat, leased.granted

        assert kept <= rate.burst + (now - NOW) / rate.interval_us
