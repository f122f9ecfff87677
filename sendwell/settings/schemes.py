"""The technologies that a URL can name: how it is written, and what has to be installed for it."""

from collections.abc import Collection
from importlib.util import find_spec

MEMORY = "memory"
SQLITE = "sqlite"
POSTGRESQL = "postgresql"
MYSQL = "mysql"

_WRITTEN = {
    MEMORY: "memory:",
    SQLITE: "sqlite:///path/to/file.db",
    POSTGRESQL: "postgresql://user:password@host:5432/name",
    MYSQL: "mysql://user:password@host:3306/name",
    "cassandra": "cassandra://host:9042/keyspace",
    "redis": "redis://:password@host:6379/0",
    "kafka": "kafka://host:9092,host:9092",
    "amqp": "amqp://user:password@host:5672/",
    "http": "http://host:port",
    "https": "https://host",
}
_SECURE = {"rediss": "redis", "kafka+ssl": "kafka", "amqps": "amqp"}
"""The same server behind TLS."""
_ALIASES = {"postgres": POSTGRESQL}
"""What platforms and libpq also call it."""
_EXTRAS = {
    POSTGRESQL: ("postgres", "asyncpg"),
    MYSQL: ("mysql", "aiomysql"),
    "cassandra": ("cassandra", "cassandra"),
    "redis": ("redis", "redis"),
    "kafka": ("kafka", "confluent_kafka"),
    "amqp": ("rabbitmq", "aio_pika"),
}
"""Which extra of the package brings the driver, and what that is imported as."""


def is_known(scheme: str) -> bool:
    """Whether it is one of these."""
    return plain(scheme) in _WRITTEN


def usual(scheme: str) -> str:
    """The one name of a technology, in lower case."""
    return _ALIASES.get(scheme.lower(), scheme.lower())


def plain(scheme: str) -> str:
    """The same without TLS: `redis` for `rediss`."""
    return _SECURE.get(scheme, scheme)


def written(scheme: str) -> str:
    """An example of such a URL."""
    return _WRITTEN[plain(scheme)].replace(plain(scheme), scheme, 1)


def ways(schemes: Collection[str]) -> str:
    """Examples of what can be written, each with the extra that it needs."""
    return ", or ".join(written(scheme) + _needs(scheme) for scheme in schemes)


def missing(scheme: str) -> str | None:
    """What installs what speaks to such a server; None when it is here."""
    extra, module = _EXTRAS.get(plain(scheme), ("", ""))
    return install(extra) if module and find_spec(module) is None else None


def install(extra: str) -> str:
    """How an extra is installed where Sendwell was cloned."""
    return f'in the cloned folder: pip install -e ".[{extra}]"'


def _needs(scheme: str) -> str:
    extra, _ = _EXTRAS.get(plain(scheme), ("", ""))
    return f" ({install(extra)})" if extra else ""
