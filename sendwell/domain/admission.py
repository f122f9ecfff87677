"""May this go out to this person on this channel now? Asked at plan time and again at send time.

The order of the rules: a message that is too late is gone for good; what must never be sent is
stopped before anything is merely held; what is held is never dropped.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State
from sendwell.domain.person import Person
from sendwell.domain.zone import find_zone


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


class Ask(NamedTuple):
    """What is to be sent, as far as the rules look at it."""

    channel: ChannelName
    category: str
    is_critical: bool
    expires_at: datetime | None = None


def admit(
    ask: Ask,
    person: Person,
    *,
    suppressed: str | None,
    now: datetime,
    default_zone: str,
) -> Verdict:
    """Decide by expiry, suppression, consent and quiet hours, in this order.

    `suppressed` is why the address must not be sent to, if so. A category declared critical
    passes what was chosen for categories and quiet hours (SETTLED 12), never a suppression nor a
    channel that is switched off.
    """
    if ask.expires_at is not None and now >= ask.expires_at:
        return Stop(State.EXPIRED, "expiry", "It was not sent before it expired.")
    if suppressed is not None:
        return Stop(State.SUPPRESSED, "suppression", suppressed)
    if not person.preferences.allows(ask.channel, ask.category, is_critical=ask.is_critical):
        return Stop(
            State.SUPPRESSED,
            "consent",
            f"The person has switched off {ask.category} messages by {ask.channel}.",
        )
    return GO if ask.is_critical else _quiet(person, now, default_zone)


def _quiet(person: Person, now: datetime, default_zone: str) -> Verdict:
    hours = person.preferences.quiet_hours
    if hours is None:
        return GO
    zone = find_zone(person.timezone or default_zone) or find_zone(default_zone) or UTC
    until = hours.quiet_until(now.astimezone(zone))
    return GO if until is None else Hold(until, "quiet_hours")
