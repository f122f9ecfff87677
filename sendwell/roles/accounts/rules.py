"""A tenant's rules as JSON, and as the policy that the flow reads."""

from dataclasses import replace
from typing import Any

import msgspec

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.lane import LANES
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule


class RuleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the priority table on the wire."""

    event_type: str
    priority: str
    category: str = "default"
    critical: bool = False


def priority_rules(given: list[RuleIn]) -> tuple[PriorityRule, ...]:
    """The priority table. Raises Invalid with a pointer to the row that is wrong."""
    rules = []
    for number, row in enumerate(given):
        if row.priority not in LANES:
            why = f"There is no priority {row.priority!r}; use {', '.join(LANES)}."
            raise Invalid(why, flaws=[Flaw(f"/{number}/priority", why)])
        try:
            rules.append(
                PriorityRule(row.event_type, LANES[row.priority], row.category, row.critical)
            )
        except Invalid as error:
            raise Invalid(
                error.message, flaws=[Flaw(f"/{number}/event_type", error.message)]
            ) from error
    return tuple(rules)


def wire(rules: tuple[PriorityRule, ...]) -> list[RuleIn]:
    """The priority table as it is read and written by API and stored."""
    return [
        RuleIn(rule.pattern, rule.lane.label, rule.category, rule.is_critical) for rule in rules
    ]


def policy_of(rules: dict[str, Any], *, defaults: Policy, is_sandboxed: bool) -> Policy:
    """What a tenant has decided, over the product's defaults."""
    changes: dict[str, Any] = {"is_sandboxed": is_sandboxed}
    if "priorities" in rules:
        changes["priorities"] = priority_rules(
            msgspec.convert(rules["priorities"], type=list[RuleIn])
        )
    return replace(defaults, **changes)
