"""A tenant's rules as JSON, and as the policy that the flow reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from sendwell.channels import all_channels
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.named_channels import named_channels
from sendwell.domain.pointer import pointer_to
from sendwell.domain.policy import Policy
from sendwell.roles.accounts.sections import SECTIONS, Section

log = structlog.get_logger()

Rules = Mapping[str, Any]
"""By section, what the tenant has decided, in its JSON form; what is left out is the default."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What rules can name in this installation. None: this process does not know."""

    channels: Collection[ChannelName] | None = None
    accounts: Mapping[ChannelName, Collection[str]] | None = None
    """The provider accounts that a tenant may use."""


def fields_of(section: Section, value: object) -> Mapping[str, Any]:
    """The fields of Policy that a section stands for. Raises Invalid with all its flaws."""
    form = Form(value)
    fields = section.read(form)
    form.refuse_if_flawed(f"The rules {section.name} can't be understood.")
    return fields


def check(section: Section, value: object, *, reach: Reach) -> None:
    """Raises Invalid that points at everything wrong, also at what is not there to be named."""
    fields = fields_of(section, value)
    flaws = [*_strange_channels(section.name, fields, reach), *_strange_accounts(fields, reach)]
    if flaws:
        raise Invalid(f"The rules {section.name} name what is not there.", flaws=flaws)


def policy_of(rules: Rules, *, defaults: Policy, is_sandboxed: bool, tenant: TenantId) -> Policy:
    """What a tenant has decided, over the product's defaults.

    A section that cannot be understood (another version has written it) is as if it were not there.
    """
    fields: dict[str, Any] = {"is_sandboxed": is_sandboxed}
    for name, value in rules.items():
        section = SECTIONS.get(name)
        try:
            fields |= fields_of(section, value) if section else {}
        except Invalid:
            log.warning("rules.not_understood", tenant=tenant, section=name)
    return replace(defaults, **fields)


def _strange_channels(section: str, fields: Mapping[str, Any], reach: Reach) -> list[Flaw]:
    if reach.channels is None:
        return []
    named: Mapping[str, str] = {}
    there_are = reach.channels
    match section:
        case "routing":
            named = {pointer_to(channel): channel for channel in fields["routes"]}
        case "limits":
            limits = fields["limits"].channels
            named = {pointer_to("channels", channel): channel for channel in limits}
        case "channels":
            named = {f"/{place}": channel for place, channel in enumerate(fields["channels"])}
        case "preferences":
            named = named_channels(fields["preference_defaults"])
            there_are = all_channels()  # a no counts also once a channel is enabled again
    return [
        Flaw(pointer, f"There is no channel {channel}; there are {', '.join(there_are)}.")
        for pointer, channel in named.items()
        if channel not in there_are
    ]


def _strange_accounts(fields: Mapping[str, Any], reach: Reach) -> list[Flaw]:
    if reach.accounts is None:
        return []
    return [
        Flaw(
            f"/{channel}",
            f"There is no provider account {leg.provider} for {channel};"
            f" there are {', '.join(sorted(known))}.",
        )
        for channel, route in fields.get("routes", {}).items()
        if (known := reach.accounts.get(channel)) is not None
        for leg in route.legs
        if leg.provider not in known
    ]
