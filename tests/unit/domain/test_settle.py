"""What becomes of a delivery when an attempt has failed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused, Unknown
from sendwell.domain.settle import SOON, GivenUp, Retry, Standing, next_account_in, settle
from sendwell.domain.triage import Cause

Failure = Deferred | Refused | Unknown
POLICY = RetryPolicy(attempts=3)
FIRST = Standing(1, "smtp")
LAST = Standing(3, "smtp")
WITH_ANOTHER = Standing(1, "smtp", next_in=timedelta(0))
IN_A_MINUTE = WITH_ANOTHER._replace(next_in=timedelta(minutes=1))


def retried(standing: Standing, failure: Failure) -> Retry:
    """When it is tried again, which it must be."""
    settled = settle(standing, failure, POLICY, resends_unknown=True, chance=0.5)
    assert isinstance(settled, Retry)
    return settled


def given_up(standing: Standing, failure: Failure, *, resends_unknown: bool = True) -> Cause:
    """Why it is given up, which it must be; by the fault of that attempt."""
    settled = settle(standing, failure, POLICY, resends_unknown=resends_unknown, chance=0.5)
    assert isinstance(settled, GivenUp)
    assert settled.fault == failure.fault
    return settled.cause


def fault(blame: Blame) -> Fault:
    return Fault("code", "text", blame)


def test_deferred_is_tried_again_later() -> None:
    assert retried(FIRST, Deferred(fault(Blame.PROVIDER))).wait > timedelta(0)


def test_a_providers_wish_to_wait_is_obeyed() -> None:
    result = retried(FIRST, Deferred(fault(Blame.PROVIDER), timedelta(minutes=5)))

    assert result.wait >= timedelta(minutes=5)


def test_when_the_attempts_are_used_up_it_is_dead() -> None:
    assert given_up(LAST, Deferred(fault(Blame.PROVIDER))) is Cause.PROVIDER_OUTAGE
    assert given_up(LAST, Deferred(fault(Blame.ADDRESS))) is Cause.ATTEMPTS_EXHAUSTED


def test_the_next_provider_is_asked_at_once() -> None:
    result = retried(WITH_ANOTHER, Deferred(fault(Blame.PROVIDER), timedelta(minutes=5)))

    assert result.wait == timedelta(0)
    assert result.refused_by == ("smtp",)


@pytest.mark.parametrize("blame", [Blame.ACCOUNT, Blame.PROVIDER])
def test_refused_for_the_accounts_fault_goes_to_the_next_provider_or_dies(blame: Blame) -> None:
    assert retried(WITH_ANOTHER, Refused(fault(blame))).wait == timedelta(0)
    assert given_up(FIRST, Refused(fault(blame))) in {Cause.CREDENTIALS, Cause.PROVIDER_REFUSED}


@pytest.mark.parametrize("blame", [Blame.ACCOUNT, Blame.PROVIDER])
def test_who_is_refused_waits_for_the_next_provider_that_rests(blame: Blame) -> None:
    result = retried(IN_A_MINUTE, Refused(fault(blame)))

    assert result.wait == timedelta(minutes=1)
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
    result = retried(IN_A_MINUTE, Deferred(fault(Blame.PROVIDER), asked))

    assert expected == (result.wait, result.refused_by)


def test_the_last_attempt_that_is_put_off_does_not_end_it_where_somebody_has_not_been_asked() -> (
    None
):
    last = IN_A_MINUTE._replace(attempt=LAST.attempt)

    assert retried(last, Deferred(fault(Blame.PROVIDER))).wait == timedelta(minutes=1)


@pytest.mark.parametrize("outcome", [Refused, Deferred])
def test_a_provider_that_is_asked_again_counts_for_the_attempts(
    outcome: type[Refused | Deferred],
) -> None:
    again = WITH_ANOTHER._replace(attempt=2, refused_by=("smtp",))

    last = again._replace(attempt=LAST.attempt)

    assert retried(again, outcome(fault(Blame.ACCOUNT))).refused_by == ("smtp",)
    assert given_up(last, outcome(fault(Blame.ACCOUNT))) is Cause.CREDENTIALS


@pytest.mark.parametrize(
    ("blame", "cause"),
    [
        (Blame.ADDRESS, Cause.INVALID_ADDRESS),
        (Blame.CONTENT, Cause.REJECTED_CONTENT),
        (Blame.US, Cause.INTERNAL),
    ],
)
def test_refused_for_the_messages_own_fault_is_dead_at_once(blame: Blame, cause: Cause) -> None:
    assert given_up(WITH_ANOTHER, Refused(fault(blame))) is cause


def test_a_full_mailbox_is_not_taken_to_another_provider() -> None:
    assert retried(WITH_ANOTHER, Deferred(fault(Blame.ADDRESS))).refused_by == ()


def test_unknown_goes_out_again_with_the_same_key_where_the_channel_allows_it() -> None:
    assert retried(FIRST, Unknown(fault(Blame.US))).refused_by == ()


def test_unknown_does_not_go_to_the_next_provider_and_waits_as_long_as_it_was_asked_to() -> None:
    result = retried(WITH_ANOTHER, Unknown(fault(Blame.PROVIDER), timedelta(minutes=5)))

    assert result.refused_by == ()
    assert result.wait >= timedelta(minutes=5)


def test_unknown_is_left_to_a_person_where_the_channel_does_not() -> None:
    cause = given_up(FIRST, Unknown(fault(Blame.US)), resends_unknown=False)

    assert cause is Cause.UNKNOWN_OUTCOME


def test_unknown_is_left_to_a_person_where_the_attempts_are_used_up() -> None:
    assert given_up(LAST, Unknown(fault(Blame.PROVIDER))) is Cause.UNKNOWN_OUTCOME


FAULTS = st.builds(fault, st.sampled_from(Blame))
FAILURES = st.one_of(
    st.builds(Deferred, FAULTS, st.none() | st.timedeltas(min_value=timedelta(0))),
    st.builds(Refused, FAULTS),
    st.builds(Unknown, FAULTS),
)


@given(
    st.integers(1, 10), FAILURES, st.booleans(), st.floats(0, 1, exclude_max=True), st.booleans()
)
def test_nothing_is_tried_again_for_ever_or_in_the_past(  # noqa: PLR0917 - drawn
    attempt: int, failure: Failure, resends: bool, chance: float, has_others: bool
) -> None:
    standing = Standing(attempt, "smtp", next_in=timedelta(0) if has_others else None)

    result = settle(standing, failure, POLICY, resends_unknown=resends, chance=chance)

    assert result.fault == failure.fault
    if isinstance(result, Retry):
        assert result.wait >= timedelta(0)
        assert attempt < POLICY.attempts or has_others


@pytest.mark.parametrize(
    ("next_in", "is_urgent", "falls_back", "is_asked"),
    [
        (SOON, True, True, True),
        (2 * SOON, True, True, False),
        (2 * SOON, False, True, True),
        (2 * SOON, True, False, True),
    ],
)
def test_what_is_urgent_and_may_have_another_channel_waits_for_no_account(
    next_in: timedelta, *, is_urgent: bool, falls_back: bool, is_asked: bool
) -> None:
    found = next_account_in(next_in, is_urgent=is_urgent, falls_back=falls_back)

    assert found == (next_in if is_asked else None)


def test_where_there_is_no_other_account_none_is_waited_for() -> None:
    assert next_account_in(None, is_urgent=True, falls_back=True) is None
