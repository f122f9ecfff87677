"""Which channels and addresses a request goes to, for one recipient."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from sendwell.domain.admission import ERASED, NO_ADDRESS, NOT_DELIVERED, Stop, Verdict
from sendwell.domain.ids import ChannelName
from sendwell.domain.person import Person


class Wanted(NamedTuple):
    """What the request says about channels; no `channels` means that the person decides."""

    channels: tuple[ChannelName, ...] = ()
    is_fallback: bool = False

    @property
    def falls_back(self) -> bool:
        """Whether the channels are tried in turn, rather than all at once."""
        return self.is_fallback or not self.channels


class Choice(NamedTuple):
    """One delivery to be: where it goes, and what the rules say. No address: nowhere to go."""

    channel: ChannelName
    target: int
    address: str | None
    verdict: Verdict


Admits = Callable[[ChannelName, str], Verdict]


def order(
    wanted: Wanted, person: Person, tenants_order: Sequence[ChannelName]
) -> Sequence[ChannelName]:
    """The channels to go through: as asked, else as the person prefers, else as the tenant does."""
    return wanted.channels or person.preferences.order or tenants_order


def choose(
    wanted: Wanted,
    person: Person,
    tenants_order: Sequence[ChannelName],
    *,
    enabled: Collection[ChannelName],
    admits: Admits,
    tried: Collection[ChannelName] = (),
) -> list[Choice]:
    """The deliveries to make for this person.

    All the channels that were asked for, or with fallback (and where nobody asked for any) the
    first one that is `enabled`, has an address and is not stopped. A fallback goes on with those
    that were not `tried`, for the order may have changed meanwhile. There is always at least one
    choice, except when a fallback has no channel left.
    """
    channels = order(wanted, person, tenants_order)
    if not wanted.falls_back:
        if len(channels) == 1:
            return _on(channels[0], person, enabled, admits=admits)
        return [each for name in channels for each in _on(name, person, enabled, admits=admits)]
    if tried:
        channels = [channel for channel in channels if channel not in tried]
    return _first(channels, person, enabled, admits=admits)


def goes_on(
    wanted: Wanted,
    person: Person,
    tenants_order: Sequence[ChannelName],
    *,
    enabled: Collection[ChannelName],
    admits: Admits,
    after: ChannelName,
) -> bool:
    """Whether a failure on the channel `after` is followed by a delivery on another one, as far as
    the order tells: those before it are taken for tried.
    """
    if not wanted.falls_back:
        return False
    channels = order(wanted, person, tenants_order)
    tried = channels[: channels.index(after) + 1] if after in channels else channels
    following = choose(wanted, person, tenants_order, enabled=enabled, admits=admits, tried=tried)
    return any(not isinstance(choice.verdict, Stop) for choice in following)


def _first(
    channels: Sequence[ChannelName],
    person: Person,
    enabled: Collection[ChannelName],
    *,
    admits: Admits,
) -> list[Choice]:
    stopped: list[Choice] = []
    for channel in channels:
        choices = _on(channel, person, enabled, admits=admits)
        if any(not isinstance(choice.verdict, Stop) for choice in choices):
            return choices
        stopped = max(stopped, choices, key=_tells)
    return stopped


def _tells(choices: Sequence[Choice]) -> int:
    """A rule that stopped a real address tells more than a missing one, and that more than a
    channel that is not there.
    """
    if any(choice.address is not None for choice in choices):
        return 3
    if any(choice.verdict is not NOT_DELIVERED for choice in choices):
        return 2
    return 1 if choices else 0


def _on(
    channel: ChannelName, person: Person, enabled: Collection[ChannelName], *, admits: Admits
) -> list[Choice]:
    if person.is_erased:
        return [Choice(channel, 0, None, ERASED)]
    if channel not in enabled:
        return [Choice(channel, 0, None, NOT_DELIVERED)]
    addresses = person.addresses.get(channel)
    if not addresses:
        return [Choice(channel, 0, None, NO_ADDRESS)]
    return [
        Choice(channel, target, address, admits(channel, address))
        for target, address in addresses.items()
    ]
