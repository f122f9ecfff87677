"""Whom we tell: a person as far as planning and sending need to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName, UserId


@dataclass(frozen=True, slots=True)
class Person:
    """One person's addresses and choices.

    `addresses` maps a channel to its numbered addresses: number 0 where there is one of a kind,
    a push token's own number (from 1) where there are several.
    """

    user_id: UserId | None
    addresses: Mapping[ChannelName, Mapping[int, str]] = field(default_factory=dict)
    locale: str | None = None
    timezone: str | None = None
    preferences: Preferences = field(default_factory=Preferences)

    def address(self, channel: ChannelName, target: int) -> str | None:
        """The address, if it is still there."""
        return self.addresses.get(channel, {}).get(target)
