"""What somebody has chosen: which channels, what for, which topics, in which order, and when not.

A person's choices and the defaults of a tenant are values of this one shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwell.domain.ids import ChannelName
from sendwell.domain.quiet_hours import QuietHours
from sendwell.domain.topic import path_of

EVERY = "*"
"""In a choice: all channels, or all categories."""

OptOut = tuple[str, str]
"""A channel (or EVERY) and a category (or EVERY) that the choice is about."""

EVERYTHING = frozenset({(EVERY, EVERY)})
"""Can be switched off as a whole; switching it on chooses nothing in particular."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Explicit choices. Where there is none each question is answered with None: who asks decides
    what holds then.
    """

    order: tuple[ChannelName, ...] = ()
    """The channels to try, the best first; empty: nothing was chosen."""
    opted_out: frozenset[OptOut] = frozenset()
    quiet_hours: QuietHours | None = None
    opted_in: frozenset[OptOut] = frozenset()
    """What was switched on explicitly: more than silence where a tenant's default is off."""
    topics: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    """By topic, then by channel (or EVERY)."""

    def channel(self, channel: str) -> bool | None:
        """Whether anything may come by this channel. Of two choices the stricter one counts."""
        return self._choice((channel, EVERY), (EVERY, EVERY))

    def category(self, channel: str, category: str) -> bool | None:
        """Whether this category may come by this channel; the stricter choice counts again."""
        return self._choice((channel, category), (EVERY, category))

    def topic(self, channel: str, topic: str) -> tuple[str, bool] | None:
        """Whether this topic may come by this channel, and of which topic that was said.

        The most specific one with a choice for the channel decides; there the stricter one counts.
        """
        if not self.topics:
            return None
        for key in path_of(topic):
            by_channel = self.topics.get(key, _NOTHING)
            said = [by_channel[on] for on in (channel, EVERY) if on in by_channel]
            if said:
                return key, all(said)
        return None

    def _choice(self, one: OptOut, other: OptOut) -> bool | None:
        opted_out, opted_in = self.opted_out, self.opted_in
        if opted_out and (one in opted_out or other in opted_out):
            return False
        return True if opted_in and (one in opted_in or other in opted_in) else None


NO_DEFAULTS = Preferences()
"""Of a tenant that has decided nothing beforehand."""

_NOTHING: Mapping[str, bool] = {}
