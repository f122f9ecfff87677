"""The sections of a tenant's rules: how each is written as JSON, and what it means."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sendwell.domain.budget import budget_json, read_budget
from sendwell.domain.channel_names import read_by_channel, read_channel_order
from sendwell.domain.consent import preferences_json, read_preferences
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import LANES
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule
from sendwell.domain.routing import Route
from sendwell.domain.tenant_limits import limits_json, read_limits
from sendwell.domain.zone import find_zone

_LONGEST_NAME = 100
_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the rules, which is replaced as a whole."""

    name: str
    read: Callable[[Form], Mapping[str, Any]]
    """The fields of Policy that the JSON stands for; flaws are noted in the form."""
    json: Callable[[Policy], Any]
    """What holds, as `read` reads it."""


def _read_priorities(form: Form) -> Mapping[str, Any]:
    rows = [_read_row(item) for item in form.items()]
    return {"priorities": tuple(row for row in rows if row is not None)}


def _read_row(form: Form) -> PriorityRule | None:
    given: dict[str, Any] = {"category": "default", "critical": False}
    for name, member in form.members(("event_type", "priority", "category", "critical")):
        given[name] = member.flag() if name == "critical" else _read_name(member)
    if not isinstance(form.value, dict):
        return None
    for missing in {"event_type", "priority"} - given.keys():
        form.note(f"A row needs {missing}.")
    if None in given.values() or not {"event_type", "priority"} <= given.keys():
        return None
    if given["priority"] not in LANES:
        why = f"There is no priority {given['priority']!r}; use {', '.join(LANES)}."
        form.adopt(Invalid(why, flaws=(Flaw("/priority", why),)))
        return None
    lane = LANES[given["priority"]]
    try:
        return PriorityRule(given["event_type"], lane, given["category"], given["critical"])
    except Invalid as refusal:
        form.adopt(Invalid(refusal.message, flaws=(Flaw("/event_type", refusal.message),)))
        return None


def _read_name(form: Form) -> str | None:
    text = form.text()
    if text is not None and len(text) > _LONGEST_NAME:
        form.note(f"This may have {_LONGEST_NAME} characters.")
    return text


def _priorities_json(policy: Policy) -> list[dict[str, Any]]:
    return [
        {
            "event_type": rule.pattern,
            "priority": rule.lane.label,
            "category": rule.category,
            "critical": rule.is_critical,
        }
        for rule in policy.priorities
    ]


def _read_routing(form: Form) -> Mapping[str, Any]:
    routes: dict[ChannelName, Route] = {}
    for channel, member in read_by_channel(form):
        text = member.text()
        if text is None:
            continue
        try:
            routes[channel] = Route.parse(text)
        except Invalid as refusal:
            member.adopt(refusal)
    return {"routes": routes}


def _routing_json(policy: Policy) -> dict[str, str]:
    return {channel: str(route) for channel, route in policy.routes.items()}


def _read_quota(form: Form) -> Mapping[str, Any]:
    quota = None
    for _, member in form.members(("notifications",)):
        text = None if member.value is None else member.text()
        if text is None:
            continue
        try:
            quota = Rate.parse(text)
        except Invalid as refusal:
            member.adopt(refusal)
    return {"quota": quota}


def _quota_json(policy: Policy) -> dict[str, Any]:
    return {"notifications": None if policy.quota is None else str(policy.quota)}


def _read_locality(form: Form) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name, member in form.members(("timezone", "locale")):
        text = _read_name(member)
        if name == "timezone" and text is not None and find_zone(text) is None:
            member.note(f"There is no time zone {text!r}. Use a name like Europe/Vienna.")
        if name == "locale" and text is not None and _LOCALE.fullmatch(text) is None:
            member.note("A locale is written like en or de-AT.")
        found[name] = text
    return found


def _locality_json(policy: Policy) -> dict[str, Any]:
    return {"timezone": policy.timezone, "locale": policy.locale}


SECTIONS: Mapping[str, Section] = {
    section.name: section
    for section in (
        Section("priorities", _read_priorities, _priorities_json),
        Section("routing", _read_routing, _routing_json),
        Section(
            "limits",
            lambda form: {"limits": read_limits(form)},
            lambda policy: limits_json(policy.limits),
        ),
        Section("quota", _read_quota, _quota_json),
        Section(
            "budget",
            lambda form: {"budget": read_budget(form)},
            lambda policy: budget_json(policy.budget),
        ),
        Section(
            "channels",
            lambda form: {"channels": read_channel_order(form)},
            lambda policy: list(policy.channels),
        ),
        Section("locality", _read_locality, _locality_json),
        Section(
            "preferences",
            lambda form: {"preference_defaults": read_preferences(form)},
            lambda policy: preferences_json(policy.preference_defaults),
        ),
    )
}
"""By name, in the order in which they are shown."""
