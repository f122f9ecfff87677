"""Pauses between tries."""

from sendwell.domain.pauses import Pauses


def test_each_pause_is_twice_as_long_as_the_one_before_up_to_the_longest() -> None:
    pauses = Pauses(0.5, 3.0)

    assert [0.5, 1.0, 2.0, 3.0, 3.0] == [pauses.take() for _ in range(5)]


def test_after_a_success_they_begin_anew() -> None:
    pauses = Pauses(0.5, 3.0)
    pauses.take()

    pauses.reset()

    assert pauses.take() == 0.5
