"""Channels by name in JSON documents."""

import re
from collections.abc import Iterator

from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HOW = "A channel is named by lower-case letters, digits and _, like in_app."


def read_by_channel(form: Form) -> Iterator[tuple[ChannelName, Form]]:
    """The members of an object that has channels as names."""
    for name, member in form.members():
        if _NAME.fullmatch(name) is None:
            member.note(_HOW)
        else:
            yield ChannelName(name), member


def read_channel_order(form: Form, *, may_be_empty: bool = False) -> tuple[ChannelName, ...]:
    """A list of channels, the best first; each of them once, and as a rule at least one."""
    order: list[ChannelName] = []
    for item in form.items():
        name = item.text()
        if name is None:
            continue
        if _NAME.fullmatch(name) is None:
            item.note(_HOW)
        elif name in order:
            item.note("This channel stands twice in the order.")
        order.append(ChannelName(name))
    if form.value == [] and not may_be_empty:
        form.note("There must be at least one channel.")
    return tuple(order)
