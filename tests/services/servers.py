"""The servers that can be started here, lightest first."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.services import cassandra, kafka, mariadb, pgbouncer, postgres, rabbitmq, redis


class Server(Protocol):
    """A server that runs. Everything else it can do stands in its own file."""

    @property
    def url(self) -> str: ...

    @property
    def folder(self) -> Path:
        """Where its data is; gone when it is not needed any more."""
        ...

    def room(self) -> AbstractContextManager[str]:
        """The URL of an empty place in it that nobody else uses: a database, a virtual host …"""
        ...

    def version(self) -> str: ...

    def start(self) -> None:
        """It runs (again) and is ready: same folder, same port."""
        ...

    def stop(self) -> None:
        """It has ended in good order."""
        ...

    def kill(self) -> None:
        """It is gone at once: SIGKILL."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a server before it runs: `setting` is where Sendwell is told its URL."""

    running: Callable[[], AbstractContextManager[Server]]
    why_not: Callable[[], str | None]
    setting: str


KINDS: Mapping[str, Kind] = {
    "redis": Kind(redis.running, redis.why_not, "CACHE_URL"),
    "postgres": Kind(postgres.running, postgres.why_not, "DB_URL"),
    "pgbouncer": Kind(pgbouncer.running, pgbouncer.why_not, "DB_URL"),
    "rabbitmq": Kind(rabbitmq.running, rabbitmq.why_not, "BROKER_URL"),
    "mariadb": Kind(mariadb.running, mariadb.why_not, "USERS_DB_URL"),
    "kafka": Kind(kafka.running, kafka.why_not, "BROKER_URL"),
    "cassandra": Kind(cassandra.running, cassandra.why_not, "TRACKER_DB_URL"),
}
