import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.lane import Lane
from sendwell.domain.priority import DEFAULT_RULES, OTHERWISE, PriorityRule, classify


@pytest.mark.parametrize(
    ("event_type", "lane", "category"),
    [
        ("security_alert", Lane.HIGH, "security"),
        ("password_reset", Lane.CRITICAL, "authentication"),
        ("otp_sms", Lane.CRITICAL, "authentication"),
        ("order.shipped", Lane.MEDIUM, "transactional"),
        ("marketing_spring", Lane.LOW, "marketing"),
        ("USER_REGISTERED", Lane.MEDIUM, "default"),
        ("", Lane.MEDIUM, "default"),
    ],
)
def test_the_default_table_knows_the_usual_event_types(
    event_type: str, lane: Lane, category: str
) -> None:
    rule = classify(event_type, DEFAULT_RULES)

    assert (lane, category) == (rule.lane, rule.category)


def test_no_default_rule_passes_quiet_hours() -> None:
    assert not any(rule.is_critical for rule in DEFAULT_RULES)


def test_the_exact_rule_wins_over_every_beginning() -> None:
    exact = PriorityRule("order", Lane.HIGH)
    rules = [PriorityRule("order*", Lane.LOW), exact, PriorityRule("*", Lane.MEDIUM)]

    assert exact == classify("order", rules)


def test_the_longest_beginning_wins_in_any_order() -> None:
    longer = PriorityRule("order_paid*", Lane.HIGH)
    rules = [PriorityRule("order*", Lane.LOW), longer, PriorityRule("*", Lane.MEDIUM)]

    assert longer == classify("order_paid_twice", rules)
    assert longer == classify("order_paid_twice", rules[::-1])


def test_of_two_rules_alike_the_first_counts() -> None:
    rules = [PriorityRule("a*", Lane.HIGH), PriorityRule("a*", Lane.LOW)]

    assert Lane.HIGH is classify("ab", rules).lane


def test_letter_case_does_not_matter() -> None:
    rule = PriorityRule("Order_*", Lane.HIGH)

    assert rule == classify("ORDER_CREATED", [rule])


def test_an_event_type_that_no_rule_knows_is_ordinary() -> None:
    assert classify("anything", [PriorityRule("order", Lane.HIGH)]) == OTHERWISE


@pytest.mark.parametrize("pattern", ["", "*order", "a*b", "**", "a**"])
def test_a_pattern_with_a_star_elsewhere_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid) as refusal:
        PriorityRule(pattern, Lane.LOW)

    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/pattern"]


patterns = st.text("ab", max_size=4).flatmap(
    lambda text: st.sampled_from([text or "b", f"{text}*"])
)


@given(st.text("ab", max_size=5), st.lists(patterns, unique=True, max_size=8))
def test_the_rule_is_the_most_exact_one_that_matches(event_type: str, chosen: list[str]) -> None:
    rules = [PriorityRule(pattern, Lane.LOW, pattern) for pattern in chosen]

    rule = classify(event_type, rules)

    matching = {
        p for p in chosen if p == event_type or (event_type.startswith(p[:-1]) and p[-1] == "*")
    }
    best = max(matching, key=lambda p: (p == event_type, len(p)), default=OTHERWISE.category)
    assert best == rule.category
