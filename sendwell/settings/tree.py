"""Everything that can be set, as one frozen tree of values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from sendwell.domain.idempotency_window import LEAST
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.limits import Limit, OverLimit, Rate
from sendwell.domain.passwords import PasswordHash
from sendwell.domain.presets.preset import Partition
from sendwell.domain.retries import Retries
from sendwell.domain.routing import Route
from sendwell.settings.schemes import MEMORY, POSTGRESQL
from sendwell.settings.url import Url, is_loopback

BUILT_IN_SECRET = "sendwell-on-this-machine-only"  # noqa: S105 - refused off loopback
ROLES = (
    "gateway",
    "accounts",
    "users",
    "templates",
    "orchestrator",
    "delivery",
    "receipts",
    "inbox",
    "mailbox",
    "tracker",
)
"""What can be deployed alone."""

_LONGEST_NAME = 64
"""Of a service, where it is kept; no more fits."""


class PresetName(StrEnum):
    """Which of `domain.presets` holds: whose names, ports and policies are used."""

    PLAIN = "plain"
    TENANT = "tenant"
    INTENTS = "intents"
    LANES = "lanes"
    DIRECT = "direct"


class BusAuth(StrEnum):
    """What a message on the bus has to prove."""

    NONE = "none"
    """Nothing: who may write is the broker's to say."""
    JWT = "jwt"
    """Its organization, by a signed token in its header."""


class LogLevel(StrEnum):
    """The least important lines that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Origin(StrEnum):
    """Where a value comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


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


def drops(limit: Limit | None) -> bool:
    """Whether a message over that limit is dropped instead of held."""
    return limit is not None and limit.over is OverLimit.DROP


@dataclass(frozen=True, slots=True)
class Servers:
    """Where roles keep, say and count things. By default there is no server at all."""

    database: Url | None = None
    """None: SQLite in the data folder."""
    databases: Mapping[str, Url] = field(default_factory=dict)
    """Those of roles that have one of their own."""
    history: Url | None = None
    """Where history is kept beside the journal; None: nowhere."""
    listen: Url | None = None
    """The same database by a direct connection, for LISTEN; None: the usual way there."""
    pool_size: int = 6
    broker: Url = field(default_factory=lambda: Url("memory:"))
    cache: Url | None = None
    """None: see `Settings.cache`."""
    limiter: Url | None = None
    """Where services with databases of their own count together; None: with the deliveries."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The roles that run in other processes, and how they know each other."""

    url: Mapping[str, Url] = field(default_factory=dict)
    port: Mapping[str, int] = field(default_factory=dict)
    more: tuple[Url, ...] = ()
    """Further services, which no role alone names: each is asked what it keeps of people."""
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How operators sign in."""

    token_key: str | None = field(default=None, repr=False)
    """None: derived from the secret."""
    password_hash: PasswordHash = PasswordHash.BCRYPT
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration of one process."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("data")
    is_sample: bool = True
    anonymous: TenantId | None = None
    secret: str = field(default=BUILT_IN_SECRET, repr=False)
    secret_also: str | None = field(default=None, repr=False)
    """What is believed beside it, while it is being changed."""
    public_url: str | None = None
    sign_in: SignIn = field(default_factory=SignIn)
    channels: tuple[ChannelName, ...] | None = None
    credentials: tuple[Credentials, ...] = ()
    routes: Mapping[ChannelName, Route] = field(default_factory=dict)
    rates: RateSettings = field(default_factory=RateSettings)
    retries: Retries = field(default_factory=Retries)
    timezone: str = "UTC"
    outbound_allow: str = ""
    idempotency_window: timedelta = LEAST
    retention: timedelta = timedelta(days=90)
    lease: timedelta = timedelta(seconds=8)
    servers: Servers = field(default_factory=Servers)
    peers: Peers = field(default_factory=Peers)
    roles: frozenset[str] = frozenset(ROLES)
    """Those that run in this process."""
    delivers: ChannelName | None = None
    """The only channel that this process delivers by; None: all."""
    demands_providers: bool = False
    """Whether a channel without a provider is refused, instead of ending in the mailbox."""
    preset: PresetName = PresetName.PLAIN
    partition_by: Partition = Partition.TENANT
    bus_auth: BusAuth = BusAuth.NONE
    metrics_port: int | None = None
    """None: metrics are on the port of the API."""
    log_level: LogLevel = LogLevel.INFO
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False, repr=False)
    """Of every variable that is set; all others are at their default."""
    files: tuple[Path, ...] = field(default=(), compare=False, repr=False)
    """What was read for it: the configuration file, and those with a secret each."""

    @property
    def lets_sample_in(self) -> bool:
        """Whether the sample's keys are good here: one is public, so only this machine may."""
        return self.is_sample and is_loopback(self.host)

    @property
    def is_whole(self) -> bool:
        """Whether all roles run in this process."""
        return self.roles == frozenset(ROLES)

    @property
    def service(self) -> str:
        """What this process is called among the others, the same for all that do the same."""
        names = "+".join(role for role in ROLES if role in self.roles)
        whole = f"{names}-{self.delivers}" if self.delivers else names
        if len(whole) <= _LONGEST_NAME:
            return whole
        return f"{whole[:47]}~{blake2b(whole.encode(), digest_size=8).hexdigest()}"

    def database_of(self, role: str) -> Url:
        """Where a role keeps what it owns."""
        at_home = Url.of_file(self.data / "sendwell.db")
        return self.servers.databases.get(role) or self.servers.database or at_home

    @property
    def cache(self) -> Url:
        """Where limits are counted: on PostgreSQL where deliveries are kept there, else here."""
        return self.servers.cache or self._limiter or Url(f"{MEMORY}:")

    @property
    def lasting(self) -> Url | None:
        """Where those over a day or longer are counted; None: where all are."""
        if self.servers.limiter is None and self.cache.scheme in {MEMORY, POSTGRESQL}:
            return None
        return None if self._limiter == self.cache else self._limiter

    @property
    def _limiter(self) -> Url | None:
        deliveries = self.database_of("delivery")
        at_home = deliveries if deliveries.scheme == POSTGRESQL else None
        return self.servers.limiter or at_home
