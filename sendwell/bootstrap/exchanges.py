"""The providers of each channel, from the credentials and routes that are set."""

from collections.abc import Mapping
from functools import partial

from sendwell.adapters.http import Guarded, HttpClient, Trusted
from sendwell.adapters.smtp import SmtpClient
from sendwell.adapters.system import SystemChance
from sendwell.bootstrap.core import Core
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.outbound import Allowed
from sendwell.domain.routing import Leg, Route
from sendwell.ports.provider import Provider
from sendwell.ports.vendor import Means, Relay
from sendwell.providers.accounts import Providers
from sendwell.providers.null import Null
from sendwell.roles.delivery.exchange import MAILBOX, Account, Exchange

_UNLIMITED = 2**31


def build_exchanges(
    core: Core, providers: Providers, *, mailbox: Provider, inbox: Provider
) -> dict[ChannelName, Exchange]:
    """For each channel its accounts and route; without credentials the dev mailbox."""
    exchanges = {}
    for channel in core.channels:
        known = dict(providers.by_channel.get(channel, {}))
        if channel == "in_app":
            known["in_app"] = inbox
        route = core.settings.routes.get(channel) or _route_over(sorted(known) or [MAILBOX])
        known |= {MAILBOX: mailbox, "null": Null()}
        # What is stored in the inbox does not leave the house; all else of a sandbox goes here.
        in_house = "in_app" if channel == "in_app" else MAILBOX
        accounts = {str(leg.provider): _account(channel, leg, known) for leg in route.legs}
        exchanges[channel] = Exchange(
            accounts,
            route,
            Account(in_house, known[in_house], seats=_UNLIMITED),
            clock=core.clock,
            chance=SystemChance(),
        )
    return exchanges


def _account(channel: ChannelName, leg: Leg, known: Mapping[str, Provider]) -> Account:
    if leg.provider not in known:
        raise Invalid(
            f"ROUTE_{channel.upper()} names {leg.provider}, which has no credentials:"
            f" set PROVIDER_CREDENTIALS_{leg.provider.upper()}."
        )
    return Account(leg.provider, known[leg.provider])


def _route_over(names: list[str]) -> Route:
    return Route(tuple(Leg(ProviderName(name)) for name in names))


def means_of(core: Core) -> Means:
    """What providers send with: one client for trusted hosts, one for all others, and SMTP."""
    trusted = HttpClient(policy=Trusted(), clock=core.clock)
    allowed = Allowed.parse(core.settings.outbound_allow)
    guarded = HttpClient(policy=Guarded(allowed=allowed), clock=core.clock)
    core.process.at_close("http", trusted.close)
    core.process.at_close("guarded http", guarded.close)
    return Means(trusted, guarded, partial(_smtp, core), core.clock.now)


def _smtp(core: Core, relay: Relay) -> SmtpClient:
    client = SmtpClient(relay)
    core.process.at_close("smtp", client.close)
    return client
