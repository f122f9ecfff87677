"""The real servers of one run, and how the product and the producers are told of them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from tests.services import kafka, postgres, rabbitmq, redis
from tests.services.kafka import Kafka
from tests.services.postgres import PASSWORD, ROLE, Postgres
from tests.services.rabbitmq import RabbitMq
from tests.services.redis import Redis

LEASE_SECONDS = 6
MOST_CONNECTIONS = 60
"""Few enough to be used up by one client."""


class Mode(StrEnum):
    """What the processes share."""

    POSTGRES = "postgres"
    KAFKA = "kafka"
    RABBITMQ = "rabbitmq"


NEEDS: Mapping[Mode, tuple[str, ...]] = {
    Mode.POSTGRES: ("postgres",),
    Mode.KAFKA: ("postgres", "kafka", "redis"),
    Mode.RABBITMQ: ("postgres", "rabbitmq"),
}


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs; nobody else uses it, so it may be taken away at any time."""

    postgres: Postgres
    database_url: str
    broker: Kafka | RabbitMq | None = None
    redis: Redis | None = None

    @property
    def database(self) -> str:
        """The name of the database."""
        return urlsplit(self.database_url).path.removeprefix("/")

    @property
    def broker_url(self) -> str:
        """The bus; few partitions, so that a killed broker is back soon."""
        assert self.broker is not None
        return (
            f"{self.broker.url}?partitions=3"
            if isinstance(self.broker, Kafka)
            else (self.broker.url)
        )

    def sql(self, statement: str) -> str:
        """What the superuser is answered in that database."""
        return self.postgres.sql(statement, database=self.database)

    def add_user(self, name: str) -> None:
        """Somebody who acts as the database's owner, and whose sessions are told from others'."""
        self.sql(
            f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' IN ROLE {ROLE};"
            f" ALTER ROLE {name} SET role = '{ROLE}'"
        )

    def environment(self, user: str) -> Mapping[str, str]:
        """How a process is told where everything is."""
        parts = urlsplit(self.database_url)
        place = f"{user}:{PASSWORD}@{parts.hostname}:{parts.port}"
        told = {
            "DB_URL": urlunsplit(parts._replace(netloc=place)),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "RATE_LIMIT_GLOBAL": "2000/s",  # never reached, and always asked
        }
        if self.broker is not None:
            told |= {"BROKER_URL": self.broker_url, "PRESET": "lanes"}
        if self.redis is not None:
            told["CACHE_URL"] = self.redis.url
        return told


@contextmanager
def running(mode: Mode) -> Iterator[Servers]:
    """The servers of a mode, and an empty database, for as long as the block lasts."""
    with ExitStack() as stack:
        settings = {"max_connections": str(MOST_CONNECTIONS)}
        database_server = stack.enter_context(postgres.running(settings=settings))
        url = stack.enter_context(database_server.database())
        match mode:
            case Mode.KAFKA:
                broker = stack.enter_context(kafka.running())
                yield Servers(database_server, url, broker, stack.enter_context(redis.running()))
            case Mode.RABBITMQ:
                yield Servers(database_server, url, stack.enter_context(rabbitmq.running()))
            case Mode.POSTGRES:
                yield Servers(database_server, url)
