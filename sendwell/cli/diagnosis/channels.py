"""Which provider accounts each channel goes through. Calls no vendor."""

from collections.abc import Collection, Iterable, Iterator

from sendwell.channels import all_channels
from sendwell.cli.diagnosis.finding import Finding, note, wrong
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.settings import Credentials, Settings, strangers

_EVERYWHERE = frozenset({"mailbox", "null"})


def look_at_channels(settings: Settings) -> Iterator[Finding]:
    """The credentials, then for each channel its route."""
    accounts: dict[ChannelName, list[str]] = {}
    for credentials in settings.credentials:
        channel = _channel_of(credentials)
        if isinstance(channel, Finding):
            yield channel
        else:
            accounts.setdefault(channel, []).append(credentials.name)
    known = all_channels()
    yield from _strange(settings, known)
    for name in settings.channels or known:
        if name in known:
            yield _route(name, settings, accounts.get(name, []))


def _channel_of(credentials: Credentials) -> ChannelName | Finding:
    from sendwell.providers.discovery import load, vendors

    topic, known = f"provider {credentials.name}", vendors()
    entry = known.get(ProviderName(credentials.vendor))
    if entry is None:
        text = f"There is no vendor {credentials.vendor!r}."
        return wrong(topic, text, f"There are {', '.join(sorted(known))}.")
    vendor = load(entry)
    try:
        vendor.parse(credentials.json)
    except Invalid as error:
        advice = f"Correct PROVIDER_CREDENTIALS_{credentials.name.upper()}."
        return wrong(topic, error.message, advice)
    return vendor.channel


def _strange(settings: Settings, known: Collection[ChannelName]) -> Iterator[Finding]:
    """What names a channel or an account that is not there."""
    for name in dict.fromkeys(settings.channels or ()):
        if name not in known:
            yield wrong(
                "channels", f"CHANNEL_ENABLE_LIST: {name} is no channel.", _there_are(known)
            )
    for each in strangers(settings, known):
        yield note(
            "channels",
            f"{each.variable} names no {each.kind} and has no effect.",
            _there_are(each.known),
        )


def _there_are(known: Iterable[str]) -> str:
    return f"There are {', '.join(known)}."


def _route(channel: ChannelName, settings: Settings, accounts: list[str]) -> Finding:
    topic = f"channel {channel}"
    if channel == "in_app":
        accounts = [*accounts, "in_app"]
    route = settings.routes.get(channel)
    if route is None:
        if accounts:
            return Finding(topic, f"goes through {', then '.join(sorted(accounts))}.")
        return note(
            topic,
            "has no vendor's credentials: its messages go to the dev mailbox with `sendwell up`;"
            " `sendwell run` refuses to start.",
        )
    missing = [leg.provider for leg in route.legs if leg.provider not in _EVERYWHERE | {*accounts}]
    if missing:
        return wrong(
            topic,
            f"ROUTE_{channel.upper()} names {missing[0]}, which has no credentials.",
            f"Set PROVIDER_CREDENTIALS_{missing[0].upper()}, or take it out of the route.",
        )
    return Finding(topic, f"goes through {route}.")
