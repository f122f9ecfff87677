"""What a tenant has decided."""

from dataclasses import replace

from sendwell.domain.budget import Budget
from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.limits import Limit, Rate
from sendwell.domain.policy import Policy, holds_alike
from sendwell.domain.priority import PriorityRule
from sendwell.domain.tenant_limits import TenantLimits


def test_an_event_type_is_classified_by_the_tenants_table_and_remembered() -> None:
    policy = Policy(priorities=(PriorityRule("ping*", Lane.LOW, "noise"),))

    first, again = policy.classify("ping_me"), policy.classify("ping_me")

    assert (first.lane, first.category) == (Lane.LOW, "noise")
    assert again is first


def test_a_changed_policy_does_not_remember_what_held_before() -> None:
    policy = Policy()
    policy.classify("ping_me")

    changed = replace(policy, priorities=(PriorityRule("ping*", Lane.LOW, "noise"),))

    assert changed.classify("ping_me").category == "noise"


def test_more_event_types_than_are_remembered_are_still_classified() -> None:
    policy = Policy()
    for number in range(1_001):
        policy.classify(f"order_{number}")

    assert policy.classify("otp_late").lane is Lane.CRITICAL


def test_a_tenant_without_budget_and_limits_limits_nothing_itself() -> None:
    limits = TenantLimits(Limit.parse("1/s"))

    assert Policy().is_unlimited
    assert not Policy(budget=Budget(1)).is_unlimited
    assert not Policy(limits=limits).is_unlimited


def test_rules_hold_alike_unless_what_makes_a_delivery_wait_for_its_time_differs() -> None:
    policy = Policy()

    assert holds_alike(policy, replace(policy, quota=Rate.parse("1/s")))
    assert not holds_alike(policy, replace(policy, budget=Budget(1)))
    assert not holds_alike(policy, replace(policy, timezone="Europe/Vienna"))
    assert not holds_alike(policy, replace(policy, priorities=()))


def test_the_channels_of_people_who_have_not_chosen_are_tried_as_the_tenant_says() -> None:
    email, sms = ChannelName("email"), ChannelName("sms")
    policy = Policy(channels=(email, sms))

    chosen = replace(policy, preference_defaults=Preferences(order=(sms,)))

    assert ((email, sms), (sms,)) == (policy.channel_order, chosen.channel_order)
