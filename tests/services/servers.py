"""The servers that can be started here, lightest first."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from tests.services import kafka, postgres, rabbitmq, redis


class Server(Protocol):
    """A server that runs. Everything else it can do stands in its own file."""

    @property
    def url(self) -> str: ...

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
    """What is known of a server before it runs."""

    running: Callable[[], AbstractContextManager[Server]]
    why_not: Callable[[], str | None]


KINDS: Mapping[str, Kind] = {
    "redis": Kind(redis.running, redis.why_not),
    "postgres": Kind(postgres.running, postgres.why_not),
    "rabbitmq": Kind(rabbitmq.running, rabbitmq.why_not),
    "kafka": Kind(kafka.running, kafka.why_not),
}
