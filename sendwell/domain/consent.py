"""What a person has chosen: which channels, what for, in which order, and when not."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName
from sendwell.domain.quiet_hours import QuietHours, quiet_hours_json, read_quiet_hours

EVERY = "*"
"""In an opt-out: all channels, or all categories."""

OptOut = tuple[str, str]
"""A channel (or EVERY) and a category (or EVERY) of which the person wants nothing."""

_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NO_CHANNEL = "A channel is named by lower-case letters, digits and _, like in_app."
_CATEGORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's choices. What nobody has opted out of is allowed."""

    order: tuple[ChannelName, ...] = ()
    """The channels to try, the best first; empty: the tenant's order."""
    opted_out: frozenset[OptOut] = frozenset()
    quiet_hours: QuietHours | None = None

    def allows(self, channel: str, category: str, *, is_critical: bool = False) -> bool:
        """Whether the person lets this category through on this channel.

        Opt-outs add up: the stricter one counts. A category that is declared critical can't be
        switched off as a category; a channel that is switched off stays silent all the same.
        """
        if (channel, EVERY) in self.opted_out or (EVERY, EVERY) in self.opted_out:
            return False
        if is_critical:
            return True
        return (channel, category) not in self.opted_out and (EVERY, category) not in self.opted_out


def parse_preferences(value: object) -> Preferences:
    """Preferences from their JSON form; raises Invalid that points at everything wrong.

        {"enabled": true,
         "channels": {"email": {"enabled": true, "categories": {"marketing": false}}},
         "categories": {"digest": false},
         "order": ["push", "email"],
         "quiet_hours": {…}}

    Every member may be left out. `false` switches off, `true` says what holds anyway.
    """
    form = Form(value)
    order: tuple[ChannelName, ...] = ()
    opted_out: set[OptOut] = set()
    quiet_hours = None
    for name, member in form.members(_MEMBERS):
        match name:
            case "enabled" | "categories":
                opted_out |= _read_switch(name, member, EVERY)
            case "channels":
                opted_out |= _read_channels(member)
            case "order":
                order = _read_order(member)
            case _:
                quiet_hours = None if member.value is None else read_quiet_hours(member)
    form.refuse_if_flawed("These preferences can't be understood.")
    return Preferences(order, frozenset(opted_out), quiet_hours)


def preferences_json(preferences: Preferences) -> dict[str, object]:
    """The JSON form, as `parse_preferences` reads it."""
    opted_out, hours = preferences.opted_out, preferences.quiet_hours
    channels = sorted({channel for channel, _ in opted_out} - {EVERY})
    return {
        **_switches_json(opted_out, EVERY),
        "channels": {channel: _switches_json(opted_out, channel) for channel in channels},
        "order": list(preferences.order),
        "quiet_hours": None if hours is None else quiet_hours_json(hours),
    }


_SWITCHES = ("enabled", "categories")
_MEMBERS = (*_SWITCHES, "channels", "order", "quiet_hours")


def _read_channels(form: Form) -> set[OptOut]:
    opted_out: set[OptOut] = set()
    for channel, member in form.members():
        if _CHANNEL.fullmatch(channel) is None:
            member.note(_NO_CHANNEL)
            continue
        for name, switch in member.members(_SWITCHES):
            opted_out |= _read_switch(name, switch, channel)
    return opted_out


def _read_switch(name: str, form: Form, channel: str) -> set[OptOut]:
    if name == "enabled":
        return {(channel, EVERY)} if form.flag() is False else set()
    return {(channel, category) for category in _read_categories(form)}


def _read_categories(form: Form) -> Iterator[str]:
    for category, member in form.members():
        if _CATEGORY.fullmatch(category) is None:
            member.note("A category has up to 64 letters, digits and _ . : - in its name.")
        elif member.flag() is False:
            yield category


def _read_order(form: Form) -> tuple[ChannelName, ...]:
    order: list[ChannelName] = []
    for item in form.items():
        channel = item.text()
        if channel is None:
            continue
        if _CHANNEL.fullmatch(channel) is None:
            item.note(_NO_CHANNEL)
        elif channel in order:
            item.note("This channel stands twice in the order.")
        order.append(ChannelName(channel))
    return tuple(order)


def _switches_json(opted_out: Collection[OptOut], channel: str) -> dict[str, object]:
    categories = sorted(category for on, category in opted_out if on == channel)
    return {
        "enabled": EVERY not in categories,
        "categories": {category: False for category in categories if category != EVERY},
    }
