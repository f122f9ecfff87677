"""What a tenant has decided."""

from sendwell.domain.lane import Lane
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule


def test_an_event_type_is_classified_by_the_tenants_table_and_remembered() -> None:
    policy = Policy(priorities=(PriorityRule("ping*", Lane.LOW, "noise"),))

    first, again = policy.classify("ping_me"), policy.classify("ping_me")

    assert (first.lane, first.category) == (Lane.LOW, "noise")
    assert again is first


def test_more_event_types_than_are_remembered_are_still_classified() -> None:
    policy = Policy()
    for number in range(1_001):
        policy.classify(f"order_{number}")

    assert policy.classify("otp_late").lane is Lane.CRITICAL
