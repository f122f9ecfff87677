"""Whether a message meets what was chosen, and if not, which choice stands against it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from sendwell.domain.consent.choices import EVERY, EVERYTHING, NO_DEFAULTS, OptOut, Preferences
from sendwell.domain.topic import path_of

Modes = Mapping[str, bool]
"""A tenant's topics: whether each reaches only those who have subscribed to it."""

NO_TOPICS: Modes = {}


class Matter(NamedTuple):
    """What a choice can be about."""

    channel: str
    category: str
    topic: str | None = None


def objection(
    matter: Matter,
    chosen: Preferences,
    *,
    defaults: Preferences = NO_DEFAULTS,
    topics: Modes = NO_TOPICS,
    is_critical: bool = False,
) -> str | None:
    """What stands against it, in words for people; None when it is wanted.

    A channel that is switched off stays silent. Then the category and the topic must both be
    wanted, unless the category is declared critical: that can't be switched off. Within each of
    the three the person's own choices count first, then the tenant's defaults, then a topic's own
    mode; what nobody has decided is wanted.
    """
    if matter.topic is None and _is_beside(matter, chosen) and _is_beside(matter, defaults):
        return None  # as for nearly all; this is asked three times a message
    against = _channel(matter, chosen, defaults)
    if against is not None or is_critical:
        return against
    return _category(matter, chosen, defaults) or _topic(matter, chosen, defaults, topics)


def receives(topic: str, chosen: Preferences) -> bool:
    """Whether the person has subscribed to this topic, or to one above it, on any channel."""
    channels = {on for key in path_of(topic) for on in chosen.topics.get(key, ())}
    return any(
        said is not None and said[1] for said in (chosen.topic(on, topic) for on in channels)
    )


def _is_beside(matter: Matter, choices: Preferences) -> bool:
    """Whether nothing that was switched off is about this category or this channel."""
    off = choices.opted_out
    return not off or off.isdisjoint(_switches(matter.channel, matter.category))


@lru_cache(maxsize=4096)
def _switches(channel: str, category: str) -> frozenset[OptOut]:
    """All that can keep the category from the channel."""
    return EVERYTHING | {(channel, EVERY), (channel, category), (EVERY, category)}


def _channel(matter: Matter, chosen: Preferences, defaults: Preferences) -> str | None:
    own = chosen.channel(matter.channel)
    if own is False:
        is_everything = not EVERYTHING.isdisjoint(chosen.opted_out)
        what = "everything" if is_everything else matter.channel
        return f"The person has switched off {what}."
    if own is None and defaults.channel(matter.channel) is False:
        return f"By the tenant's defaults nothing is sent by {matter.channel}."
    return None


def _category(matter: Matter, chosen: Preferences, defaults: Preferences) -> str | None:
    own = chosen.category(matter.channel, matter.category)
    if own is False:
        return f"The person has switched off {matter.category} messages by {matter.channel}."
    if own is None and defaults.category(matter.channel, matter.category) is False:
        return (
            f"By the tenant's defaults no {matter.category} messages are sent by"
            f" {matter.channel}, and the person has not asked for them."
        )
    return None


def _topic(matter: Matter, chosen: Preferences, defaults: Preferences, topics: Modes) -> str | None:
    if matter.topic is None:
        return None
    own = chosen.topic(matter.channel, matter.topic)
    if own is not None:
        return None if own[1] else f"The person does not want {own[0]} by {matter.channel}."
    default = defaults.topic(matter.channel, matter.topic)
    if default is not None:
        return None if default[1] else _by_default(default[0], matter.channel)
    known = next((key for key in path_of(matter.topic) if key in topics), None)
    if known is None or not topics[known]:
        return None
    return f"The topic {known} goes to those who have subscribed; the person has not."


def _by_default(topic: str, channel: str) -> str:
    return (
        f"By the tenant's defaults the topic {topic} is not sent by {channel}, and the person has"
        " not asked for it."
    )
