"""Variables that name a channel or an account that is not there: nobody ever reads them."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sendwell.domain.ids import ChannelName
from sendwell.settings.tree import Settings

_EVERYWHERE = ("in_app", "mailbox", "null")
"""The accounts that need no credentials."""


class Stranger(NamedTuple):
    """The variable, what it names none of, and those that there are."""

    variable: str
    kind: str
    known: Collection[str]


def strangers(settings: Settings, channels: Collection[ChannelName]) -> list[Stranger]:
    """All that have no effect. They are not refused: services share a file, not the credentials."""
    rates = settings.rates
    accounts = (*sorted(each.name for each in settings.credentials), *_EVERYWHERE)
    return [
        *_strange("ROUTE", settings.routes, "channel", channels),
        *_strange("RATE_LIMIT_CHANNEL", rates.channel, "channel", channels),
        *_strange("RETRY_MAX_ATTEMPTS", settings.retries.own, "channel", channels),
        *_strange("RATE_LIMIT_PROVIDER", rates.provider, "account", accounts),
    ]


def _strange(
    family: str, named: Iterable[str], kind: str, known: Collection[str]
) -> Iterable[Stranger]:
    return (
        Stranger(f"{family}_{name.upper()}", kind, known) for name in named if name not in known
    )
