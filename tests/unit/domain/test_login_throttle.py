"""How fast passwords may be tried."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.login_throttle import Standing, Tries, after_success, after_try, wait

_S = 1_000_000
NOW = 1_800_000_000 * _S
AT_ONCE = timedelta(0)
NEW = Standing(Tries(), Tries(), Tries())


def tried(times: int, *, standing: Standing = NEW, now: int = NOW) -> Standing:
    """After so many tries at the same moment, whether they were allowed or not."""
    for _ in range(times):
        standing = after_try(standing, now)
    return standing


def test_a_few_mistakes_cost_nothing() -> None:
    assert wait(tried(4), NOW) == AT_ONCE


def test_each_further_one_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait(tried(number), NOW).total_seconds() for number in (5, 6, 7, 30)]

    assert waits == [1, 2, 4, 900]


def test_an_hour_later_nothing_is_held_against_anybody() -> None:
    assert wait(tried(1000), NOW + 3601 * _S) == AT_ONCE


def test_the_owner_gets_in_from_where_they_have_been_whatever_others_try() -> None:
    elsewhere = tried(10_000)
    at_home = elsewhere._replace(pair=Tries(0, NOW, NOW))

    assert wait(at_home, NOW) == AT_ONCE


def test_the_owner_on_a_new_machine_waits_a_minute_at_most_for_what_others_try() -> None:
    new_machine = Standing(Tries(), tried(10_000).account, Tries())

    assert wait(new_machine, NOW) == timedelta(seconds=60)


def test_a_stranger_at_the_address_of_a_guesser_waits() -> None:
    assert wait(Standing(Tries(), Tries(), tried(10_000).address), NOW) > AT_ONCE


def test_what_has_gone_well_is_familiar_for_30_days() -> None:
    pair = after_success(tried(3), NOW).pair

    assert pair.is_familiar(NOW + 29 * 86_400 * _S)
    assert not pair.is_familiar(NOW + 31 * 86_400 * _S)


def test_a_good_try_does_not_forgive_what_others_tried() -> None:
    standing = tried(30)

    assert after_success(standing, NOW).account.failures == 29


@given(st.lists(st.integers(min_value=0, max_value=900), max_size=200))
def test_who_tries_whenever_allowed_gets_no_more_than_some_a_quarter_of_an_hour(
    pauses: list[int],
) -> None:
    standing, now, let_in = NEW, NOW, []
    for pause in pauses:
        now += pause * _S
        if not wait(standing, now):
            standing = after_try(standing, now)
            let_in.append(now)

    for begin in let_in:
        within = [each for each in let_in if begin <= each < begin + 900 * _S]
        assert len(within) <= 16
