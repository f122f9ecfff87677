"""May this go out to this person on this channel now? Asked at plan time and again at send time.

The order of the rules: a message that is too late is gone for good; what must never be sent is
stopped before anything is merely held; what is held is never dropped.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sendwell.domain.consent import (
    NO_DEFAULTS,
    NO_TOPICS,
    Matter,
    Modes,
    Preferences,
    objection,
)
from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State
from sendwell.domain.person import Person
from sendwell.domain.zone import zone_of


@dataclass(frozen=True, slots=True)
class Go:
    """Yes."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not before `until`; `rule` says who decided."""

    until: datetime
    rule: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Never; the delivery ends in `state`."""

    state: State
    rule: str
    text: str


Verdict = Go | Hold | Stop
GO = Go()
NO_ADDRESS = Stop(State.DEAD, "no_address", "There is no address for this channel.")
NOT_DELIVERED = Stop(State.DEAD, "no_provider", "Nobody delivers by this channel here.")
ERASED = Stop(State.SUPPRESSED, "erased", "The person was erased.")
"""Goes before every other rule, also where the request brought an address of its own."""
CANCELLED = Stop(State.CANCELLED, "cancel", "It was cancelled before it went out.")
OWN_ENDS = {stop.rule: stop for stop in (NOT_DELIVERED, ERASED)}
"""The rules by which Sendwell itself withdraws waiting deliveries, by name. On disk they are
CANCELLED like all that are withdrawn; who takes them over looks here, and ends them by the rule.
"""


class Ask(NamedTuple):
    """What is to be sent, as far as the rules look at it."""

    channel: ChannelName
    category: str
    is_critical: bool
    expires_at: datetime | None = None
    topic: str | None = None


def admit(
    ask: Ask,
    person: Person,
    *,
    suppressed: str | None,
    now: datetime,
    default_zone: str,
    defaults: Preferences = NO_DEFAULTS,
    topics: Modes = NO_TOPICS,
) -> Verdict:
    """Decide by expiry, suppression, consent and quiet hours, in this order.

    `suppressed` is why the address must not be sent to, if so; `defaults` and `topics` are what
    the tenant decided for whoever has not chosen. A category declared critical passes what was
    chosen for categories, topics and quiet hours, never a suppression nor a channel that is
    switched off.
    """
    if ask.expires_at is not None and now >= ask.expires_at:
        return Stop(State.EXPIRED, "expiry", "It was not sent before it expired.")
    if suppressed is not None:
        why = f"Nothing is sent to this address: {suppressed.replace('_', ' ')}."
        return Stop(State.SUPPRESSED, "suppression", why)
    against = objection(
        Matter(ask.channel, ask.category, ask.topic),
        person.preferences,
        defaults=defaults,
        topics=topics,
        is_critical=ask.is_critical,
    )
    if against is not None:
        return Stop(State.SUPPRESSED, "consent", against)
    return GO if ask.is_critical else _quiet(person, defaults, now, default_zone)


def _quiet(person: Person, defaults: Preferences, now: datetime, default_zone: str) -> Verdict:
    own = person.preferences.quiet_hours
    hours = defaults.quiet_hours if own is None else own
    if hours is None:
        return GO
    until = hours.quiet_until(now, zone_of(person.timezone, default_zone))
    return GO if until is None else Hold(until, "quiet_hours")
