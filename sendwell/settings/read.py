"""From what is set to the tree of settings."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from sendwell.domain.errors import Invalid
from sendwell.domain.idempotency_window import idempotency_window
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import LANES
from sendwell.domain.limits import Limit, Rate
from sendwell.domain.passwords import PasswordHash
from sendwell.domain.presets import find_preset
from sendwell.domain.presets.preset import Partition
from sendwell.domain.retries import Retries
from sendwell.domain.routing import Route
from sendwell.domain.zone import find_zone
from sendwell.settings.checks import check
from sendwell.settings.schemes import MEMORY, POSTGRESQL, SQLITE, plain
from sendwell.settings.sources import gather
from sendwell.settings.tree import (
    BUILT_IN_SECRET,
    BusAuth,
    Credentials,
    LogLevel,
    Peers,
    PresetName,
    RateSettings,
    Servers,
    Settings,
    SignIn,
)
from sendwell.settings.url import Url
from sendwell.settings.values import Values, one_of, secret, url, whole

_ALSO = {"users": ("mysql",), "accounts": ("mysql",)}
"""What only some roles can keep their data on."""
_BROKERS = ("kafka", "amqp")
"""Where requests wait for whoever reads them, for as long as the broker keeps them."""
_BUILT_IN = "built-in"
"""How SECRET_KEY_ALSO names the secret of an installation that had set none."""
_YEAR = 366
_T = TypeVar("_T")


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment and the configuration file ask for.

    Raises Invalid, naming the variable and how to write it right, never with a secret in it.
    """
    given = gather(environment)
    values = Values(given.values)
    preset = values.read("PRESET", one_of(PresetName), PresetName.PLAIN)
    servers = _servers(values)
    retention = timedelta(days=values.read("RETENTION_DAYS", whole(1, 100 * _YEAR), 90))
    settings = Settings(
        anonymous=values.maybe("ANONYMOUS_TENANT", TenantId),
        secret=values.read("SECRET_KEY", secret, BUILT_IN_SECRET),
        secret_also=values.maybe("SECRET_KEY_ALSO", _secret_also),
        public_url=values.maybe("PUBLIC_URL", _public_url),
        sign_in=_sign_in(values),
        channels=values.maybe("CHANNEL_ENABLE_LIST", _channels),
        credentials=tuple(_credentials(values)),
        routes=_by_channel(values.family("ROUTE_", Route.parse)),
        rates=_rates(values),
        retries=_retries(values, preset),
        timezone=values.read("SCHEDULE_TIMEZONE_DEFAULT", _zone, "UTC"),
        outbound_allow=values.read("OUTBOUND_ALLOW", _allowed, ""),
        idempotency_window=_window(values, kept=retention, broker=servers.broker),
        retention=retention,
        lease=timedelta(seconds=values.read("LEASE_SECONDS", whole(1, 3600), 8)),
        servers=servers,
        peers=_peers(values),
        preset=preset,
        partition_by=values.read("PARTITION_BY", one_of(Partition), Partition.TENANT),
        bus_auth=values.read("BUS_AUTH", one_of(BusAuth), BusAuth.NONE),
        metrics_port=values.maybe("METRICS_PORT", _port),
        log_level=values.read("LOG_LEVEL", one_of(LogLevel), LogLevel.INFO),
        origins=given.origins,
        files=given.files,
    )
    check(settings)
    return settings


def _sign_in(values: Values) -> SignIn:
    return SignIn(
        token_key=values.maybe("TOKEN_KEY", secret),
        password_hash=values.read("PASSWORD_HASH", one_of(PasswordHash), PasswordHash.BCRYPT),
        oidc_issuer=values.maybe("OIDC_ISSUER", _issuer),
        oidc_client_id=values.maybe("OIDC_CLIENT_ID", str),
        oidc_client_secret=values.maybe("OIDC_CLIENT_SECRET", str),
    )


def _servers(values: Values) -> Servers:
    otherwise = Servers()
    return Servers(
        database=values.maybe("DB_URL", url(SQLITE, POSTGRESQL)),
        databases=values.by_role("DB_URL", _database_of),
        history=values.maybe("HISTORY_URL", url("cassandra")),
        listen=values.maybe("DB_LISTEN_URL", url(POSTGRESQL)),
        pool_size=values.read("DB_POOL_SIZE", whole(3, 1000), otherwise.pool_size),
        broker=values.read(
            "BROKER_URL",
            url(MEMORY, POSTGRESQL, "kafka", "kafka+ssl", "amqp", "amqps"),
            otherwise.broker,
        ),
        cache=values.maybe("CACHE_URL", url(MEMORY, "redis", "rediss", POSTGRESQL)),
        limiter=values.maybe("LIMITER_DB_URL", url(POSTGRESQL)),
    )


def _window(values: Values, *, kept: timedelta, broker: Url) -> timedelta:
    hours = values.maybe("IDEMPOTENCY_WINDOW_HOURS", whole(1, 24 * _YEAR))
    return idempotency_window(
        None if hours is None else timedelta(hours=hours),
        kept=kept,
        waits_on_a_broker=plain(broker.scheme) in _BROKERS,
    )


def _database_of(role: str) -> Callable[[str], Url]:
    return url(SQLITE, POSTGRESQL, *_ALSO.get(role, ()))


def _peers(values: Values) -> Peers:
    return Peers(
        url=values.by_role("URL", lambda _: url("http", "https")),
        port=values.by_role("PORT", lambda _: _port),
        more=values.read("SERVICE_URLS", _services, ()),
        token=values.maybe("SERVICE_TOKEN", secret),
    )


def _services(text: str) -> tuple[Url, ...]:
    read = url("http", "https")
    return tuple(read(each.strip()) for each in text.split(",") if each.strip())


def _secret_also(text: str) -> str:
    return BUILT_IN_SECRET if text == _BUILT_IN else secret(text)


_port = whole(0, 65535)


def _public_url(text: str) -> str:
    return Url.parse(text, ("http", "https")).text


def _issuer(text: str) -> str:
    """The issuer exactly as it is written: providers compare it character by character."""
    found = Url.parse(text, ("http", "https"))
    if found.scheme == "http" and not found.is_loopback:
        raise Invalid("an issuer on another machine is reached by https:.")
    return text


def _credentials(values: Values) -> Iterator[Credentials]:
    for name, json in values.family("PROVIDER_CREDENTIALS_", str).items():
        vendor, is_named, account = name.partition("__")
        if not vendor or (is_named and not account):
            raise Invalid(f"PROVIDER_CREDENTIALS_{name.upper()} is not called VENDOR__ACCOUNT.")
        yield Credentials(vendor, account, json)


def _rates(values: Values) -> RateSettings:
    lanes = values.family("RATE_LIMIT_LANE_", Rate.parse)
    for name in lanes:
        if name not in LANES:
            raise Invalid(f"RATE_LIMIT_LANE_{name.upper()}: there is no such lane.")
    return RateSettings(
        everything=values.maybe("RATE_LIMIT_GLOBAL", Rate.parse),
        tenant=values.maybe("RATE_LIMIT_TENANT", Rate.parse),
        person=values.maybe("RATE_LIMIT_USER", Limit.parse),
        channel=_by_channel(values.family("RATE_LIMIT_CHANNEL_", Rate.parse)),
        lane={LANES[name]: rate for name, rate in lanes.items()},
        provider=values.family("RATE_LIMIT_PROVIDER_", Rate.parse),
        api=values.read("RATE_LIMIT_API", Rate.parse, RateSettings().api),
    )


def _retries(values: Values, preset: PresetName) -> Retries:
    attempts, retries = whole(1, 1000), find_preset(preset).retries
    of_all = values.maybe("RETRY_MAX_ATTEMPTS", attempts)
    if of_all is not None:
        retries = Retries(replace(retries.usual, attempts=of_all), patient={})
    own = _by_channel(values.family("RETRY_MAX_ATTEMPTS_", attempts))
    return replace(
        retries,
        own={name: replace(retries.usual, attempts=most) for name, most in own.items()},
    )


def _channels(text: str) -> tuple[ChannelName, ...]:
    return tuple(ChannelName(name.strip().lower()) for name in text.split(",") if name.strip())


def _by_channel(found: Mapping[str, _T]) -> dict[ChannelName, _T]:
    return {ChannelName(name): value for name, value in found.items()}


def _zone(name: str) -> str:
    if find_zone(name) is None:
        raise Invalid(f"there is no time zone {name!r}.")
    return name


def _allowed(text: str) -> str:
    from sendwell.domain.outbound import Allowed

    Allowed.parse(text)
    return text
