"""The one table of variables: what each means, how it is shown, and whether it can be reloaded.

The names that a configuration file may use, the reference page and the answer to "does this need a
restart?" are all made from it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """The parts of the reference page."""

    PROCESS = "Process"
    SERVERS = "Servers"
    ROLES = "Roles apart"
    CHANNELS = "Channels and providers"
    RATES = "Rate limits"


class Secrecy(StrEnum):
    """Who may see a value. All but what is open may be read from a file of its own."""

    OPEN = "open"
    MASKED = "masked"
    """A URL: everybody but for its password."""
    HIDDEN = "hidden"
    """Nobody: only whether it is set."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable, or a family of them: `<ROLE>` stands for each role, and so on."""

    name: str
    group: Group
    meaning: str
    default: str = ""
    secrecy: Secrecy = Secrecy.OPEN
    is_reloadable: bool = False

    @property
    def has_file(self) -> bool:
        """Whether its value may be read from the file that `<NAME>_FILE` names."""
        return self.secrecy is not Secrecy.OPEN


_PROCESS = (
    Setting(
        "SECRET_KEY",
        Group.PROCESS,
        "seals the sessions of the pages and what goes by the bus, the same for all; 32 random"
        " characters or more. Off loopback nothing starts without it."
        " [How to change it](../how-to/change-the-secret.md)",
        default="built in",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "SECRET_KEY_ALSO",
        Group.PROCESS,
        "what is believed beside `SECRET_KEY` while that is being changed: the next one, then the"
        " earlier one; `built-in` for that of an installation that had none, on loopback only",
        default="none",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "TOKEN_KEY",
        Group.PROCESS,
        "signs the tokens of operators and API clients; 32 random characters or more",
        default="derived from `SECRET_KEY`",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "PASSWORD_HASH",
        Group.PROCESS,
        "how new passwords are stored: `bcrypt` or `argon2id`; both are understood, and whoever"
        " signs in is moved over",
        default="`bcrypt`",
    ),
    Setting(
        "OIDC_ISSUER",
        Group.PROCESS,
        "the OpenID Connect provider at which operators may sign in: `https://…`",
        default="none",
    ),
    Setting(
        "OIDC_CLIENT_ID",
        Group.PROCESS,
        "as whom Sendwell is known there",
        default="none",
    ),
    Setting(
        "OIDC_CLIENT_SECRET",
        Group.PROCESS,
        "by what it is known there",
        default="none",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "PUBLIC_URL",
        Group.PROCESS,
        "under which address people and providers reach this Sendwell; with `https:` cookies are"
        " marked as secure",
        default="`http://HOST:PORT`",
    ),
    Setting(
        "ANONYMOUS_TENANT",
        Group.PROCESS,
        "the organization for which calls without a key act, from this machine only",
        default="`sample` in sample mode, else none",
    ),
    Setting(
        "SCHEDULE_TIMEZONE_DEFAULT",
        Group.PROCESS,
        "whose local time counts where nothing else says",
        default="`UTC`",
        is_reloadable=True,
    ),
    Setting(
        "IDEMPOTENCY_WINDOW_HOURS",
        Group.PROCESS,
        "how long an idempotency key counts, and on PostgreSQL an id that a producer gave; also how"
        " long a request may have lain on Kafka or RabbitMQ before it is read: older ones go to the"
        " quarantine, so let it be longer than an outage lasts. Never less than 24, nor longer than"
        " what is kept",
        default="`24`; with `kafka:` or `amqp:` as `BROKER_URL` `720`, 30 days, or as long as"
        " notifications are kept",
    ),
    Setting(
        "RETENTION_DAYS",
        Group.PROCESS,
        "how long notifications are kept, with their history, dead letters and receipts; and from"
        " when they came in-app messages, read or not, and what is in quarantine",
        default="`90`",
    ),
    Setting(
        "RETRY_MAX_ATTEMPTS",
        Group.PROCESS,
        "attempts for a delivery, the first one included",
        default="`5`; with the preset `tenant` `6`, with `direct` `4`",
        is_reloadable=True,
    ),
    Setting(
        "RETRY_MAX_ATTEMPTS_<CHANNEL>",
        Group.PROCESS,
        "those for a delivery by that channel",
        default="`RETRY_MAX_ATTEMPTS`; for `WEBHOOK` `24`, unless another channel may follow, that"
        " is set, or the preset has its own",
        is_reloadable=True,
    ),
    Setting(
        "OUTBOUND_ALLOW",
        Group.PROCESS,
        "addresses, networks, host names and `*.suffix` that URLs of tenants and people may lead to"
        " although they are private; comma-separated",
        default="none",
        is_reloadable=True,
    ),
    Setting(
        "LOG_LEVEL",
        Group.PROCESS,
        "the least important lines that are logged, to standard error: `debug`, `info`, `warning`"
        " or `error`; one that cannot be written, as on a full disk, is dropped",
        default="`info`",
        is_reloadable=True,
    ),
    Setting(
        "METRICS_PORT",
        Group.PROCESS,
        "a port of its own for the metrics",
        default="the port of the API",
    ),
)
_SERVERS = (
    Setting(
        "DB_URL",
        Group.SERVERS,
        "where all roles keep what they own: `sqlite:///file` or `postgresql://…`",
        default="SQLite in the data folder",
        secrecy=Secrecy.MASKED,
    ),
    Setting(
        "<ROLE>_DB_URL",
        Group.SERVERS,
        "where one role keeps it instead; those of `users` and `accounts` may also be `mysql://…`",
        default="`DB_URL`",
        secrecy=Secrecy.MASKED,
    ),
    Setting(
        "HISTORY_URL",
        Group.SERVERS,
        "where the history is kept beside the journal, and longer: `cassandra://…`",
        default="nowhere",
        secrecy=Secrecy.MASKED,
    ),
    Setting(
        "DB_LISTEN_URL",
        Group.SERVERS,
        "the way around a pooler to the same PostgreSQL, for the one connection that listens",
        default="`DB_URL`",
        secrecy=Secrecy.MASKED,
    ),
    Setting(
        "DB_POOL_SIZE",
        Group.SERVERS,
        "connections by which one process reads from each database server; up to three more write",
        default="`6`",
    ),
    Setting(
        "LEASE_SECONDS",
        Group.SERVERS,
        "after how long without a sign of life another process takes over the work of one",
        default="`8`",
    ),
    Setting(
        "BROKER_URL",
        Group.SERVERS,
        "the bus between processes: `memory:`, `postgresql://…`, `kafka://…`, `kafka+ssl://…`,"
        " `amqp://…` or `amqps://…`; to be changed while nothing waits there",
        default="`memory:`",
        secrecy=Secrecy.MASKED,
    ),
    Setting(
        "CACHE_URL",
        Group.SERVERS,
        "where limits are counted and what was asked is remembered: `memory:`, `redis://…`,"
        " `rediss://…` or `postgresql://…`",
        default="`memory:`, on PostgreSQL that database",
        secrecy=Secrecy.MASKED,
    ),
    Setting(
        "LIMITER_DB_URL",
        Group.SERVERS,
        "the one `postgresql://…` in which services with databases of their own count limits"
        " together: those over a day or longer, and without `CACHE_URL` all",
        default="the PostgreSQL of the deliveries",
        secrecy=Secrecy.MASKED,
    ),
)
_ROLES = (
    Setting(
        "PRESET",
        Group.ROLES,
        "whose names, ports and policies are used: `plain`, `tenant`, `intents`, `lanes` or"
        " `direct`; to be changed while nothing waits on the bus",
        default="`plain`",
    ),
    Setting(
        "PARTITION_BY",
        Group.ROLES,
        "what stays in order on the bus, and so what the key of a message is: `tenant`, or `user`,"
        " so that what is one organization's is shared out; the same for all roles",
        default="`tenant`",
    ),
    Setting(
        "BUS_AUTH",
        Group.ROLES,
        "what a message from the bus has to prove: with `jwt` its organization by a signed token,"
        " with `none` the broker alone decides who may write",
        default="`none`",
    ),
    Setting(
        "SERVICE_TOKEN",
        Group.ROLES,
        "the secret by which roles know each other, the same for all; 32 random characters or more."
        " Needed as soon as a service listens off loopback, or a `<ROLE>_URL` or one of"
        " `SERVICE_URLS` leads to another machine",
        default="derived from `SECRET_KEY`, on loopback only",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "<ROLE>_URL",
        Group.ROLES,
        "where the API of a role is that runs in another process: `http://…` or `https://…`",
        default="in this process",
    ),
    Setting(
        "SERVICE_URLS",
        Group.ROLES,
        "for the roles tracker and users: services that no `<ROLE>_URL` names, comma-separated,"
        " where several deliver for example. They too are asked to cancel, and to export and to"
        " erase a person",
        default="none",
    ),
    Setting(
        "<ROLE>_PORT",
        Group.ROLES,
        "the port that a role listens on where it runs alone; all roles together listen on the"
        " gateway's",
        default="as the preset has it",
    ),
)
_CHANNELS = (
    Setting(
        "CHANNEL_ENABLE_LIST",
        Group.CHANNELS,
        "the channels there are, comma-separated",
        default="all",
    ),
    Setting(
        "PROVIDER_CREDENTIALS_<VENDOR>",
        Group.CHANNELS,
        "an account, as JSON",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "PROVIDER_CREDENTIALS_<VENDOR>__<ACCOUNT>",
        Group.CHANNELS,
        "another account at the same vendor, named `vendor__account` in routes and history",
        secrecy=Secrecy.HIDDEN,
    ),
    Setting(
        "ROUTE_<CHANNEL>",
        Group.CHANNELS,
        "accounts in the order in which they are used, `smtp,sendgrid`, or by share,"
        " `smtp:3,sendgrid:1`; an account without a share only stands in",
        default="those with credentials, alphabetically; without any `mailbox`, but not with `run`",
        is_reloadable=True,
    ),
)
_RATES = tuple(
    Setting(name, Group.RATES, meaning, default, is_reloadable=True)
    for name, meaning, default in (
        ("RATE_LIMIT_GLOBAL", "every send but those of test environments", "no limit"),
        ("RATE_LIMIT_CHANNEL_<CHANNEL>", "of these the sends of a channel", "no limit"),
        ("RATE_LIMIT_LANE_<LANE>", "of these the sends of a lane", "no limit"),
        ("RATE_LIMIT_TENANT", "the sends of each organization", "no limit"),
        (
            "RATE_LIMIT_PROVIDER_<ACCOUNT>",
            "the sends through a provider account, named as in routes",
            "no limit",
        ),
        (
            "RATE_LIMIT_USER",
            "the sends to each person; with `drop` behind it, what is over it is dropped",
            "no limit",
        ),
        (
            "RATE_LIMIT_API",
            "the notifications that each organization hands in",
            "`100000/s`",
        ),
    )
)
SETTINGS = (*_PROCESS, *_SERVERS, *_ROLES, *_CHANNELS, *_RATES)
