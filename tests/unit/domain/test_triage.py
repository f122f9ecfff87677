import pytest

from sendwell.domain.outcome import Blame, Fault
from sendwell.domain.triage import Cause, triage

CASES = [
    (Fault("no_address", "", Blame.ADDRESS), False, Cause.NO_ADDRESS),
    (Fault("no_provider", "", Blame.ACCOUNT), False, Cause.NO_PROVIDER),
    (Fault("channel_down", ""), False, Cause.PROVIDER_OUTAGE),
    (Fault("missing_variable", "", Blame.CONTENT), False, Cause.TEMPLATE_ERROR),
    (Fault("invalid", "", Blame.CONTENT), False, Cause.TEMPLATE_ERROR),
    (Fault("unknown", "", Blame.US), False, Cause.UNKNOWN_OUTCOME),
    (Fault("5.1.1", "", Blame.ADDRESS), False, Cause.INVALID_ADDRESS),
    (Fault("5.6.0", "", Blame.CONTENT), False, Cause.REJECTED_CONTENT),
    (Fault("http_401", "", Blame.ACCOUNT), False, Cause.CREDENTIALS),
    (Fault("http_400", "", Blame.PROVIDER), False, Cause.PROVIDER_REFUSED),
    (Fault("defect", "", Blame.US), False, Cause.INTERNAL),
    (Fault("http_503", "", Blame.PROVIDER), True, Cause.PROVIDER_OUTAGE),
    (Fault("http_429", "", Blame.ACCOUNT), True, Cause.CREDENTIALS),
    (Fault("4.2.2", "", Blame.ADDRESS), True, Cause.ATTEMPTS_EXHAUSTED),
]


@pytest.mark.parametrize(("fault", "exhausted", "expected"), CASES)
def test_the_code_says_the_cause_where_it_is_known_else_whose_fault_it_is(
    fault: Fault, *, exhausted: bool, expected: Cause
) -> None:
    assert expected is triage(fault, exhausted=exhausted)


def test_every_cause_is_found_by_some_fault() -> None:
    assert set(Cause) == {cause for _, _, cause in CASES}


@pytest.mark.parametrize("blame", Blame)
@pytest.mark.parametrize("exhausted", [True, False])
def test_whoever_is_to_blame_there_is_a_cause(blame: Blame, *, exhausted: bool) -> None:
    assert triage(Fault("never seen", "", blame), exhausted=exhausted) in Cause


def test_every_cause_tells_a_person_something_of_its_own() -> None:
    hints = {cause.hint for cause in Cause}

    assert len(Cause) == len(hints)
    assert all(len(hint) > 40 for hint in hints)
