"""Whom we tell: a person as far as planning and sending need to know."""

from collections.abc import Mapping
from typing import NamedTuple

from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName, UserId


class Person(NamedTuple):
    """One person's addresses and choices.

    `addresses` maps a channel to its numbered addresses: number 0 where there is one of a kind,
    a push token's own number (from 1) where there are several.
    """

    user_id: UserId | None
    addresses: Mapping[ChannelName, Mapping[int, str]] = {}
    locale: str | None = None
    timezone: str | None = None
    preferences: Preferences = Preferences()
    is_erased: bool = False
    """They were erased: nothing is sent to them any more, whatever a request says."""

    def address(self, channel: ChannelName, target: int) -> str | None:
        """The address, if it is still there."""
        return self.addresses.get(channel, {}).get(target)
