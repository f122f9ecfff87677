"""What becomes of a delivery when an attempt comes back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.lifecycle import State, may
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused, Unknown
from sendwell.domain.settle import Settled, Tried, settle

POLICY = RetryPolicy(attempts=3)
FIRST = Tried(1, "smtp")
LAST = Tried(3, "smtp")
WITH_ANOTHER = Tried(1, "smtp", next_in=timedelta(0))
IN_A_MINUTE = WITH_ANOTHER._replace(next_in=timedelta(minutes=1))


def settled(tried: Tried, outcome: Outcome, *, resends_unknown: bool = True) -> Settled:
    return settle(tried, outcome, POLICY, resends_unknown=resends_unknown, chance=0.5)


def fault(blame: Blame) -> Fault:
    return Fault("code", "text", blame)


def test_accepted_is_sent() -> None:
    result = settled(FIRST, Accepted("ref"))

    assert (result.states, result.reference) == ((State.SENT,), "ref")


def test_what_has_arrived_at_once_is_delivered() -> None:
    result = settled(FIRST, Accepted("ref", is_delivered=True))

    assert result.states == (State.SENT, State.DELIVERED)


def test_deferred_is_tried_again_later() -> None:
    result = settled(FIRST, Deferred(fault(Blame.PROVIDER)))

    assert result.states == (State.FAILED, State.RETRYING)
    assert result.wait > timedelta(0)


def test_a_providers_wish_to_wait_is_obeyed() -> None:
    result = settled(FIRST, Deferred(fault(Blame.PROVIDER), timedelta(minutes=5)))

    assert result.wait >= timedelta(minutes=5)


def test_when_the_attempts_are_used_up_it_is_dead() -> None:
    result = settled(LAST, Deferred(fault(Blame.PROVIDER)))

    assert (result.state, result.exhausted) == (State.DEAD, True)


def test_the_next_provider_is_asked_at_once() -> None:
    result = settled(WITH_ANOTHER, Deferred(fault(Blame.PROVIDER), timedelta(minutes=5)))

    assert (result.state, result.wait) == (State.RETRYING, timedelta(0))
    assert result.refused_by == ("smtp",)


@pytest.mark.parametrize("blame", [Blame.ACCOUNT, Blame.PROVIDER])
def test_refused_for_the_accounts_fault_goes_to_the_next_provider_or_dies(blame: Blame) -> None:
    assert settled(WITH_ANOTHER, Refused(fault(blame))).state is State.RETRYING
    assert settled(FIRST, Refused(fault(blame))).state is State.DEAD


@pytest.mark.parametrize("blame", [Blame.ACCOUNT, Blame.PROVIDER])
def test_who_is_refused_waits_for_the_next_provider_that_rests(blame: Blame) -> None:
    result = settled(IN_A_MINUTE, Refused(fault(blame)))

    assert (result.state, result.wait) == (State.RETRYING, timedelta(minutes=1))
    assert result.refused_by == ("smtp",)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (timedelta(hours=1), (timedelta(minutes=1), ("smtp",))),
        (timedelta(seconds=30), (timedelta(seconds=30, milliseconds=500), ())),
    ],
    ids=["the next one", "the same one"],
)
def test_who_is_put_off_goes_to_the_provider_that_may_be_asked_first(
    asked: timedelta, expected: tuple[timedelta, tuple[str, ...]]
) -> None:
    result = settled(IN_A_MINUTE, Deferred(fault(Blame.PROVIDER), asked))

    assert expected == (result.wait, result.refused_by)


def test_the_last_attempt_that_is_put_off_does_not_end_it_where_somebody_has_not_been_asked() -> (
    None
):
    result = settled(
        IN_A_MINUTE._replace(attempt=LAST.attempt), Deferred(fault(Blame.PROVIDER), None)
    )

    assert (result.state, result.wait) == (State.RETRYING, timedelta(minutes=1))


@pytest.mark.parametrize("outcome", [Refused, Deferred])
def test_a_provider_that_is_asked_again_counts_for_the_attempts(
    outcome: type[Refused | Deferred],
) -> None:
    again = WITH_ANOTHER._replace(attempt=2, refused_by=("smtp",))

    second, last = (
        settled(again._replace(attempt=attempt), outcome(fault(Blame.ACCOUNT)))
        for attempt in (2, LAST.attempt)
    )

    assert (second.state, second.refused_by) == (State.RETRYING, ("smtp",))
    assert last.state is State.DEAD


@pytest.mark.parametrize("blame", [Blame.ADDRESS, Blame.CONTENT, Blame.US])
def test_refused_for_the_messages_own_fault_is_dead_at_once(blame: Blame) -> None:
    result = settled(WITH_ANOTHER, Refused(fault(blame)))

    assert (result.state, result.exhausted) == (State.DEAD, False)


def test_a_full_mailbox_is_not_taken_to_another_provider() -> None:
    result = settled(WITH_ANOTHER, Deferred(fault(Blame.ADDRESS)))

    assert (result.state, result.refused_by) == (State.RETRYING, ())


def test_unknown_goes_out_again_with_the_same_key_where_the_channel_allows_it() -> None:
    result = settled(FIRST, Unknown(fault(Blame.US)))

    assert (result.state, result.is_unknown) == (State.RETRYING, False)


def test_unknown_does_not_go_to_the_next_provider_and_waits_as_long_as_it_was_asked_to() -> None:
    result = settled(WITH_ANOTHER, Unknown(fault(Blame.PROVIDER), timedelta(minutes=5)))

    assert (result.state, result.refused_by) == (State.RETRYING, ())
    assert result.wait >= timedelta(minutes=5)


def test_unknown_is_left_to_a_person_where_the_channel_does_not() -> None:
    result = settled(FIRST, Unknown(fault(Blame.US)), resends_unknown=False)

    assert (result.state, result.is_unknown) == (State.DEAD, True)


def test_unknown_is_left_to_a_person_where_the_attempts_are_used_up() -> None:
    result = settled(LAST, Unknown(fault(Blame.PROVIDER)))

    assert (result.state, result.is_unknown) == (State.DEAD, True)


FAULTS = st.builds(fault, st.sampled_from(Blame))
OUTCOMES = st.one_of(
    st.builds(Accepted, st.none() | st.text(), st.booleans()),
    st.builds(Deferred, FAULTS, st.none() | st.timedeltas(min_value=timedelta(0))),
    st.builds(Refused, FAULTS),
    st.builds(Unknown, FAULTS),
)


@given(
    st.integers(1, 10), OUTCOMES, st.booleans(), st.floats(0, 1, exclude_max=True), st.booleans()
)
def test_every_move_is_in_the_table_and_the_end_is_no_limbo(  # noqa: PLR0917 - drawn
    attempt: int, outcome: Outcome, resends: bool, chance: float, has_others: bool
) -> None:
    tried = Tried(attempt, "smtp", next_in=timedelta(0) if has_others else None)

    result = settle(tried, outcome, POLICY, resends_unknown=resends, chance=chance)

    moves = zip((State.PROCESSING, *result.states), result.states, strict=False)
    assert all(may(now, then) for now, then in moves)
    assert result.state in {State.SENT, State.DELIVERED, State.RETRYING, State.DEAD}
    assert attempt < POLICY.attempts or has_others or result.state is not State.RETRYING
