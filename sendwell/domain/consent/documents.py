"""Choices as JSON: as people write them, and as they are stored."""

import re
from collections.abc import Iterable, Iterator, Mapping

from sendwell.domain.channel_names import read_by_channel, read_channel_order
from sendwell.domain.consent.choices import EVERY, EVERYTHING, OptOut, Preferences
from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName
from sendwell.domain.quiet_hours import quiet_hours_json, read_quiet_hours
from sendwell.domain.topic import flaw_in_topic

_CATEGORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_Choices = dict[OptOut, bool]
_Topics = dict[str, dict[str, bool]]


def parse_preferences(value: object) -> Preferences:
    """Preferences from their JSON form; raises Invalid that points at everything wrong.

        {"enabled": true,
         "channels": {"email": {"enabled": true, "categories": {"marketing": false}}},
         "categories": {"digest": false},
         "topics": {"news": true, "news/sport": {"enabled": true, "channels": {"sms": false}}},
         "order": ["push", "email"],
         "quiet_hours": {…}}

    Every member may be left out. `false` switches off; `true` switches on what a tenant's default
    or a topic's mode would keep off. Only the `enabled` at the top says with it what holds anyway.
    """
    form = Form(value)
    read = read_preferences(form)
    form.refuse_if_flawed("These preferences can't be understood.")
    return read


def read_preferences(form: Form) -> Preferences:
    """Preferences as a part of a larger document, which keeps the flaws."""
    order: tuple[ChannelName, ...] = ()
    switches: _Choices = {}
    topics: _Topics = {}
    quiet_hours = None
    for name, member in form.members(_MEMBERS):
        match name:
            case "enabled" | "categories":
                switches |= _read_switch(name, member, EVERY)
            case "channels":
                switches |= _read_channels(member)
            case "topics":
                topics = _read_topics(member)
            case "order":
                order = read_channel_order(member, may_be_empty=True)
            case _:
                quiet_hours = None if member.value is None else read_quiet_hours(member)
    switched = {is_on: _which(switches, is_on=is_on) for is_on in (True, False)}
    return Preferences(order, switched[False], quiet_hours, switched[True] - EVERYTHING, topics)


def preferences_json(preferences: Preferences) -> dict[str, object]:
    """The JSON form, as `parse_preferences` reads it."""
    switches = {
        **dict.fromkeys(preferences.opted_in, True),
        **dict.fromkeys(preferences.opted_out, False),
    }
    channels = sorted({channel for channel, _ in switches} - {EVERY})
    hours = preferences.quiet_hours
    return {
        **_switches_json(switches, EVERY),
        "enabled": switches.get((EVERY, EVERY), True),
        "channels": {channel: _switches_json(switches, channel) for channel in channels},
        "topics": {
            topic: _topic_json(preferences.topics[topic]) for topic in sorted(preferences.topics)
        },
        "order": list(preferences.order),
        "quiet_hours": None if hours is None else quiet_hours_json(hours),
    }


_SWITCHES = ("enabled", "categories")
_MEMBERS = (*_SWITCHES, "channels", "topics", "order", "quiet_hours")


def _which(switches: Mapping[OptOut, bool], *, is_on: bool) -> frozenset[OptOut]:
    return frozenset(which for which, said in switches.items() if said is is_on)


def _read_channels(form: Form) -> _Choices:
    choices: _Choices = {}
    for channel, member in read_by_channel(form):
        for name, switch in member.members(_SWITCHES):
            choices |= _read_switch(name, switch, channel)
    return choices


def _read_switch(name: str, form: Form, channel: str) -> _Choices:
    if name == "enabled":
        said = form.flag()
        return {} if said is None else {(channel, EVERY): said}
    return {(channel, category): said for category, said in _read_categories(form)}


def _read_categories(form: Form) -> Iterator[tuple[str, bool]]:
    for category, member in form.members():
        if _CATEGORY.fullmatch(category) is None:
            member.note("A category has up to 64 letters, digits and _ . : - in its name.")
        elif (said := member.flag()) is not None:
            yield category, said


def _read_topics(form: Form) -> _Topics:
    topics: _Topics = {}
    for topic, member in form.members():
        if why := flaw_in_topic(topic):
            member.note(why)
        elif by_channel := _read_topic(member):
            topics[topic] = by_channel
    return topics


def _read_topic(form: Form) -> dict[str, bool]:
    if isinstance(form.value, bool):
        return {EVERY: form.value}
    by_channel: dict[str, bool] = {}
    for name, member in form.members(("enabled", "channels")):
        switches: Iterable[tuple[str, Form]] = (
            [(EVERY, member)] if name == "enabled" else read_by_channel(member)
        )
        for channel, switch in switches:
            if (said := switch.flag()) is not None:
                by_channel[channel] = said
    return by_channel


def _switches_json(switches: Mapping[OptOut, bool], channel: str) -> dict[str, object]:
    own = {about: switches[on, about] for on, about in sorted(switches) if on == channel}
    enabled = {"enabled": own.pop(EVERY)} if EVERY in own else {}
    return {**enabled, "categories": own}


def _topic_json(by_channel: Mapping[str, bool]) -> dict[str, object]:
    channels = {channel: by_channel[channel] for channel in sorted(by_channel) if channel != EVERY}
    enabled = {"enabled": by_channel[EVERY]} if EVERY in by_channel else {}
    return {**enabled, **({"channels": channels} if channels else {})}
