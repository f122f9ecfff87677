"""The settings by the names of their variables, for people and for comparing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from sendwell.settings.names import find
from sendwell.settings.table import Secrecy
from sendwell.settings.tree import BUILT_IN_SECRET, Settings

_K = TypeVar("_K", bound=str)


def in_force(settings: Settings) -> dict[str, object]:
    """What holds for each variable, None where nothing does. With secrets: for `shown` only."""
    rates, servers, peers = settings.rates, settings.servers, settings.peers
    retries = settings.retries
    own = {**retries.patient, **retries.own}
    return {
        "SECRET_KEY": settings.secret,
        "SECRET_KEY_ALSO": settings.secret_also,
        "TOKEN_KEY": settings.sign_in.token_key,
        "PASSWORD_HASH": settings.sign_in.password_hash,
        "OIDC_ISSUER": settings.sign_in.oidc_issuer,
        "OIDC_CLIENT_ID": settings.sign_in.oidc_client_id,
        "OIDC_CLIENT_SECRET": settings.sign_in.oidc_client_secret,
        "ANONYMOUS_TENANT": settings.anonymous,
        "PUBLIC_URL": settings.public_url,
        "SCHEDULE_TIMEZONE_DEFAULT": settings.timezone,
        "IDEMPOTENCY_WINDOW_HOURS": settings.idempotency_window // timedelta(hours=1),
        "RETENTION_DAYS": settings.retention // timedelta(days=1),
        "RETRY_MAX_ATTEMPTS": retries.usual.attempts,
        **_each("RETRY_MAX_ATTEMPTS_{}", {name: each.attempts for name, each in own.items()}),
        "OUTBOUND_ALLOW": settings.outbound_allow or None,
        "LOG_LEVEL": settings.log_level,
        "METRICS_PORT": settings.metrics_port,
        "DB_URL": servers.database,
        **_each("{}_DB_URL", servers.databases),
        "HISTORY_URL": servers.history,
        "DB_LISTEN_URL": servers.listen,
        "DB_POOL_SIZE": servers.pool_size,
        "LEASE_SECONDS": settings.lease // timedelta(seconds=1),
        "BROKER_URL": servers.broker,
        "CACHE_URL": servers.cache,
        "LIMITER_DB_URL": servers.limiter,
        "PRESET": settings.preset,
        "PARTITION_BY": settings.partition_by,
        "BUS_AUTH": settings.bus_auth,
        "SERVICE_TOKEN": peers.token,
        **_each("{}_URL", peers.url),
        **_each("{}_PORT", peers.port),
        "SERVICE_URLS": peers.more or None,
        "CHANNEL_ENABLE_LIST": None if settings.channels is None else ",".join(settings.channels),
        **_each("PROVIDER_CREDENTIALS_{}", {each.name: each.json for each in settings.credentials}),
        **_each("ROUTE_{}", settings.routes),
        "RATE_LIMIT_GLOBAL": rates.everything,
        "RATE_LIMIT_TENANT": rates.tenant,
        "RATE_LIMIT_USER": rates.person,
        "RATE_LIMIT_API": rates.api,
        **_each("RATE_LIMIT_CHANNEL_{}", rates.channel),
        **_each("RATE_LIMIT_LANE_{}", {lane.label: rate for lane, rate in rates.lane.items()}),
        **_each("RATE_LIMIT_PROVIDER_{}", rates.provider),
    }


def shown(name: str, value: object) -> str:
    """A value as everybody may see it; empty for none."""
    if value is None:
        return ""
    setting = find(name)
    if setting is not None and setting.secrecy is Secrecy.HIDDEN:
        return "built in" if value == BUILT_IN_SECRET else "(set)"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)  # a URL masks itself


def _each(name: str, values: Mapping[_K, object]) -> dict[str, object]:
    return {name.format(key.upper()): value for key, value in values.items()}
