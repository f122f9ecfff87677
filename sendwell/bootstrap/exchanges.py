"""The providers of each channel, from the credentials and routes that are set."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.smtp import SmtpClient
from sendwell.adapters.system import SystemChance
from sendwell.bootstrap.core import Core
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.routing import Leg, Route
from sendwell.ports.provider import Provider
from sendwell.ports.vendor import Means, Relay
from sendwell.providers.accounts import Providers
from sendwell.providers.null import Null
from sendwell.roles.accounts.rules import Reach
from sendwell.roles.delivery.exchange import MAILBOX, Account, Exchange
from sendwell.settings import Settings

_UNLIMITED = 2**31
_IN_APP = "in_app"
"""The channel, and its only account."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """The accounts of every channel that is delivered by, and how deliveries go to them."""

    by_channel: Mapping[ChannelName, Exchange]
    _known: Mapping[ChannelName, Mapping[str, Provider]]

    def checked(self, routes: Mapping[ChannelName, Route]) -> Mapping[ChannelName, Route]:
        """The route of every channel. Raises Invalid for one that leads to nobody."""
        return {
            channel: _checked(channel, routes.get(channel) or _usual(known), known)
            for channel, known in self._known.items()
        }

    def use(self, routes: Mapping[ChannelName, Route]) -> None:
        """From now on deliveries go by these, which were `checked`."""
        for channel, exchange in self.by_channel.items():
            exchange.use(routes[channel], self._known[channel])


def build_exchanges(
    core: Core, providers: Providers, *, mailbox: Provider, inbox: Provider
) -> Exchanges:
    """For each channel delivered its accounts and route; without credentials the dev mailbox."""
    known: dict[ChannelName, dict[str, Provider]] = {}
    for channel in core.delivered:
        known[channel] = dict(providers.by_channel.get(channel, {}))
        if channel == _IN_APP:
            known[channel][_IN_APP] = inbox
        known[channel] |= {MAILBOX: mailbox, "null": Null()}
    if core.settings.demands_providers and "delivery" in core.settings.roles:
        _refuse_without_provider(core.settings, known)
    made = {channel: _exchange(core, channel, own) for channel, own in known.items()}
    exchanges = Exchanges(made, known)
    exchanges.use(exchanges.checked(core.settings.routes))
    return exchanges


def _refuse_without_provider(
    settings: Settings, known: Mapping[ChannelName, Mapping[str, Provider]]
) -> None:
    """In production nothing ends in the mailbox unless somebody has said so."""
    without = [
        channel
        for channel in known
        if channel not in settings.routes and not set(known[channel]) - {MAILBOX, "null"}
    ]
    if without:
        name = without[0]
        raise Invalid(
            f"Nobody can deliver by {', '.join(without)}: set PROVIDER_CREDENTIALS_<VENDOR>, or"
            f" leave it out of CHANNEL_ENABLE_LIST, or keep its messages in the house with"
            f" ROUTE_{name.upper()}={MAILBOX}."
        )


def _exchange(core: Core, channel: ChannelName, known: Mapping[str, Provider]) -> Exchange:
    # What is stored in the inbox does not leave the house; all else of a sandbox goes here.
    in_house = _IN_APP if channel == _IN_APP else MAILBOX
    return Exchange(
        Account(in_house, known[in_house], seats=_UNLIMITED),
        clock=core.clock,
        chance=SystemChance(),
    )


def _usual(known: Mapping[str, Provider]) -> Route:
    """Where nothing is set: everybody with credentials, alphabetically."""
    names = sorted(name for name in known if name not in {MAILBOX, "null"}) or [MAILBOX]
    return Route(tuple(Leg(ProviderName(name)) for name in names))


def _checked(channel: ChannelName, route: Route, known: Mapping[str, Provider]) -> Route:
    for leg in route.legs:
        if leg.provider not in known:
            raise Invalid(
                f"ROUTE_{channel.upper()} names {leg.provider}, which has no credentials:"
                f" set PROVIDER_CREDENTIALS_{leg.provider.upper()}."
            )
    return route


def reach_of(core: Core, providers: Providers) -> Reach:
    """What a tenant's rules can name here; only who delivers knows the accounts."""
    channels = tuple(core.channels)
    if "delivery" not in core.settings.roles:
        return Reach(channels)
    in_house = {_IN_APP: {_IN_APP}}
    accounts = {
        channel: {MAILBOX, *in_house.get(channel, ()), *providers.by_channel.get(channel, ())}
        for channel in channels
    }
    return Reach(channels, accounts)


def means_of(core: Core) -> Means:
    """What providers send with: one client for trusted hosts, one for all others, and SMTP."""
    trusted = HttpClient(policy=Trusted(), clock=core.clock)
    guarded = HttpClient(policy=core.guarded, clock=core.clock)
    core.process.at_close("http", trusted.close)
    core.process.at_close("guarded http", guarded.close)
    return Means(trusted, guarded, partial(_smtp, core), core.clock.now)


def _smtp(core: Core, relay: Relay) -> SmtpClient:
    client = SmtpClient(relay)
    core.process.at_close("smtp", client.close)
    return client
