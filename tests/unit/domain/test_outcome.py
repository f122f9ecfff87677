from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused, Unknown


def test_an_outcome_is_one_of_four() -> None:
    assert {Accepted, Deferred, Refused, Unknown} == set(get_args(Outcome))


def test_unless_it_says_otherwise_a_failure_is_the_providers() -> None:
    assert Blame.PROVIDER is Fault("http_503", "It is down.").blame


def test_what_was_taken_has_not_arrived_unless_it_says_so() -> None:
    assert Accepted(None, is_delivered=False) == Accepted()


def test_two_outcomes_of_different_kinds_are_never_equal() -> None:
    fault = Fault("x", "y")
    outcomes: set[Outcome] = {Refused(fault), Unknown(fault), Deferred(fault)}

    assert len(outcomes) == 3


def test_an_outcome_does_not_change() -> None:
    outcome = Refused(Fault("x", "y"))

    with pytest.raises(FrozenInstanceError):
        outcome.fault = Fault("z", "y")  # type: ignore[misc]
