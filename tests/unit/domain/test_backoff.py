from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.backoff import DIRECT, Jitter, RetryPolicy, delay
from sendwell.domain.errors import Invalid

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
chances = st.floats(0, 1, exclude_max=True)
attempts = st.one_of(st.integers(1, 100), st.integers(1, 10**12))
waits = st.timedeltas(-HOUR, timedelta(days=3650))


@st.composite
def policies(draw: st.DrawFn) -> RetryPolicy:
    base = draw(st.timedeltas(timedelta(microseconds=1), HOUR))
    return RetryPolicy(
        base=base,
        factor=draw(st.floats(1, 100)),
        cap=base + draw(st.timedeltas(timedelta(0), timedelta(days=30))),
        wait_cap=draw(st.timedeltas(timedelta(0), timedelta(days=1))),
        jitter=draw(st.sampled_from(Jitter)),
    )


def test_the_default_policy_makes_five_attempts_from_one_second_to_one_hour() -> None:
    policy = RetryPolicy()

    assert (policy.attempts, policy.base, policy.cap, policy.wait_cap) == (5, SECOND, HOUR, HOUR)
    assert Jitter.FULL is policy.jitter


def test_the_direct_preset_retries_three_times_after_exactly_1_2_and_4_seconds() -> None:
    waits = [delay(DIRECT, attempt, chance=0.7) for attempt in range(1, DIRECT.attempts)]

    assert waits == [SECOND, 2 * SECOND, 4 * SECOND]


def test_full_jitter_spreads_the_wait_from_nothing_to_the_ceiling() -> None:
    policy = RetryPolicy()

    waits = [delay(policy, 4, chance=chance) for chance in (0.0, 0.25, 0.5)]

    assert [timedelta(0), 2 * SECOND, 4 * SECOND] == waits


def test_a_ceiling_never_passes_the_cap_however_many_attempts_there_were() -> None:
    policy = RetryPolicy(jitter=Jitter.NONE)

    assert [delay(policy, n, chance=0) for n in (0, 13, 10**18)] == [SECOND, HOUR, HOUR]


def test_a_factor_of_one_never_grows() -> None:
    policy = RetryPolicy(factor=1, jitter=Jitter.NONE)

    assert delay(policy, 10**18, chance=0) == SECOND


def test_a_provider_that_asks_for_time_gets_it_and_the_crowd_comes_back_spread() -> None:
    asked = timedelta(seconds=30)

    waits = [delay(RetryPolicy(), 1, chance=chance, at_least=asked) for chance in (0.0, 0.5)]

    assert [asked, asked + SECOND / 2] == waits


def test_without_jitter_the_longer_of_both_waits_counts() -> None:
    waits = [delay(DIRECT, 3, chance=0, at_least=n * SECOND) for n in (1, 9)]

    assert waits == [4 * SECOND, 9 * SECOND]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(timedelta(days=3650), HOUR), (timedelta(seconds=-5), timedelta(0)), (None, timedelta(0))],
)
def test_a_wait_that_was_asked_for_is_capped_and_never_negative(
    asked: timedelta | None, expected: timedelta
) -> None:
    assert expected == delay(RetryPolicy(), 1, chance=0, at_least=asked)


@given(policy=policies(), attempt=attempts, chance=chances, at_least=st.none() | waits)
def test_every_wait_is_within_the_policy(
    policy: RetryPolicy, attempt: int, *, chance: float, at_least: timedelta | None
) -> None:
    wait = delay(policy, attempt, chance=chance, at_least=at_least)

    floor = max(timedelta(0), min(at_least or timedelta(0), policy.wait_cap))
    assert floor <= wait <= floor + policy.cap


@given(policies(), st.integers(1, 200), chances)
def test_a_later_attempt_never_waits_less_by_the_same_chance(
    policy: RetryPolicy, attempt: int, chance: float
) -> None:
    sooner = delay(policy, attempt, chance=chance)
    later = delay(policy, attempt + 1, chance=chance)

    assert sooner <= later


@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("/attempts", {"attempts": 0}),
        ("/base", {"base": timedelta(0)}),
        ("/factor", {"factor": 0.5}),
        ("/cap", {"cap": timedelta(milliseconds=999)}),
        ("/wait_cap", {"wait_cap": timedelta(seconds=-1)}),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(pointer: str, change: dict[str, int]) -> None:
    with pytest.raises(Invalid) as refusal:
        RetryPolicy(**change)  # type: ignore[arg-type]

    assert [pointer] == [flaw.pointer for flaw in refusal.value.flaws]
