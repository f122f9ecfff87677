"""Everything that can be set, read once from the environment into one frozen tree.

The names are the seeds' (12-factor); every secret may come from a file named by `<NAME>_FILE`.
What is wrong is refused as a whole, with the variable's name and how to write it right.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import LANES, Lane
from sendwell.domain.limits import Limit, OverLimit, Rate
from sendwell.domain.routing import Route
from sendwell.domain.zone import find_zone

BUILT_IN_SECRET = "sendwell-on-this-machine-only"  # noqa: S105 - refused off loopback
SAMPLE = TenantId("sample")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Credentials:
    """One provider account as configured: vendor, account name, and its JSON. Never printed."""

    vendor: str
    account: str
    json: str = field(repr=False)

    @property
    def name(self) -> str:
        """What it is called in routes and history: `smtp`, or `smtp__eu`."""
        return f"{self.vendor}__{self.account}" if self.account else self.vendor


@dataclass(frozen=True, slots=True)
class RateSettings:
    """The rate limits of the flow; what is absent is not limited."""

    everything: Rate | None = None
    tenant: Rate | None = None
    person: Limit | None = None
    channel: Mapping[ChannelName, Rate] = field(default_factory=dict)
    lane: Mapping[Lane, Rate] = field(default_factory=dict)
    provider: Mapping[str, Rate] = field(default_factory=dict)
    """By account, as in routes: `twilio`, `twilio__eu`."""
    api: Rate = field(default_factory=lambda: Rate.parse("100000/s"))


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration of one process."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("data")
    is_sample: bool = True
    anonymous: TenantId | None = None
    secret: str = field(default=BUILT_IN_SECRET, repr=False)
    public_url: str | None = None
    channels: tuple[ChannelName, ...] | None = None
    credentials: tuple[Credentials, ...] = ()
    routes: Mapping[ChannelName, Route] = field(default_factory=dict)
    rates: RateSettings = field(default_factory=RateSettings)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timezone: str = "UTC"
    outbound_allow: str = ""
    idempotency_window: timedelta = timedelta(hours=24)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment asks for. Raises Invalid, naming the variable."""
    known = _with_files(environment)
    return Settings(
        anonymous=TenantId(known["ANONYMOUS_TENANT"]) if "ANONYMOUS_TENANT" in known else None,
        secret=known.get("SECRET_KEY", BUILT_IN_SECRET),
        public_url=known.get("PUBLIC_URL"),
        channels=_channels(known),
        credentials=tuple(_credentials(known)),
        routes=_family(known, "ROUTE_", Route.parse),
        rates=_rates(known),
        retry=RetryPolicy(attempts=_number(known, "RETRY_MAX_ATTEMPTS", 5)),
        timezone=_zone(known),
        outbound_allow=known.get("OUTBOUND_ALLOW", ""),
        idempotency_window=timedelta(hours=max(24, _number(known, "IDEMPOTENCY_WINDOW_HOURS", 24))),
    )


_CREDENTIALS = re.compile(
    r"PROVIDER_CREDENTIALS_(?P<vendor>[A-Z0-9_]+?)(?:__(?P<account>[A-Z0-9_]+))?"
)


def _credentials(known: Mapping[str, str]) -> list[Credentials]:
    return [
        Credentials(found["vendor"].lower(), (found["account"] or "").lower(), value)
        for name, value in sorted(known.items())
        if (found := _CREDENTIALS.fullmatch(name))
    ]


def _rates(known: Mapping[str, str]) -> RateSettings:
    lanes = _family(known, "RATE_LIMIT_LANE_", Rate.parse)
    for name in lanes:
        if name not in LANES:
            raise Invalid(f"RATE_LIMIT_LANE_{name.upper()}: there is no such lane.")
    return RateSettings(
        everything=_one(known, "RATE_LIMIT_GLOBAL", Rate.parse),
        tenant=_one(known, "RATE_LIMIT_TENANT", Rate.parse),
        person=_one(known, "RATE_LIMIT_USER", Limit.parse),
        channel=_family(known, "RATE_LIMIT_CHANNEL_", Rate.parse),
        lane={LANES[name]: rate for name, rate in lanes.items()},
        provider=dict(_family(known, "RATE_LIMIT_PROVIDER_", Rate.parse).items()),
        api=_one(known, "RATE_LIMIT_API", Rate.parse) or RateSettings().api,
    )


def drops(limit: Limit | None) -> bool:
    """Whether a message over that limit is dropped instead of held."""
    return limit is not None and limit.over is OverLimit.DROP


def _channels(known: Mapping[str, str]) -> tuple[ChannelName, ...] | None:
    text = known.get("CHANNEL_ENABLE_LIST")
    if not text:
        return None
    return tuple(ChannelName(name.strip().lower()) for name in text.split(",") if name.strip())


def _zone(known: Mapping[str, str]) -> str:
    name = known.get("SCHEDULE_TIMEZONE_DEFAULT", "UTC")
    if find_zone(name) is None:
        raise Invalid(f"SCHEDULE_TIMEZONE_DEFAULT: there is no time zone {name!r}.")
    return name


def _number(known: Mapping[str, str], name: str, otherwise: int) -> int:
    text = known.get(name, str(otherwise))
    if not text.isdecimal() or int(text) < 1:
        raise Invalid(f"{name} must be a whole number from 1, not {text!r}.")
    return int(text)


def _one(known: Mapping[str, str], name: str, parse: Callable[[str], _T]) -> _T | None:
    if not known.get(name):
        return None
    try:
        return parse(known[name])
    except Invalid as error:
        raise Invalid(f"{name}: {error.message}") from error


def _family(
    known: Mapping[str, str], prefix: str, parse: Callable[[str], _T]
) -> dict[ChannelName, _T]:
    found = {}
    for name in known:
        if name.startswith(prefix) and (value := _one(known, name, parse)) is not None:
            found[ChannelName(name.removeprefix(prefix).lower())] = value
    return found


def _with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, with the content of the file for each `<NAME>_FILE`."""
    known = dict(environment)
    for name, path in environment.items():
        if name.endswith("_FILE") and name.startswith(_SECRETS):
            try:
                known[name.removesuffix("_FILE")] = Path(path).read_text().strip()
            except OSError as error:
                raise Invalid(f"{name}: cannot read {path!r}: {error.strerror}") from error
            del known[name]
    return known


_SECRETS = ("PROVIDER_CREDENTIALS_", "SECRET_KEY")
