"""What the product stands on in a run: a SQLite file, or real servers.

Servers are started for the run, as the tests do it, unless `BENCH_DB_URL` names a PostgreSQL whose
user may create databases, or `BENCH_BROKER_URL` a broker that nobody else uses meanwhile.
"""

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from benchmarks.processes import MeasurementError
from tests.services import kafka, postgres, rabbitmq
from tests.services.servers import KINDS

Opens = Callable[[], AbstractContextManager[str]]
"""Gives the URL of an empty place for as long as the block lasts."""


class On(StrEnum):
    """What the product stands on; a broker comes beside PostgreSQL."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    KAFKA = "kafka"
    RABBITMQ = "rabbitmq"


@dataclass(frozen=True, slots=True)
class Room:
    """Empty places for one installation; None is SQLite, or no broker."""

    database: str | None = None
    broker: str | None = None

    def environment(self) -> dict[str, str]:
        """How the product is told of them."""
        told = {"DB_URL": self.database} if self.database else {}
        return told | ({"BROKER_URL": self.broker, "PRESET": "lanes"} if self.broker else {})


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of a run."""

    on: On = On.SQLITE
    databases: Opens | None = None
    brokers: Opens | None = None

    @contextmanager
    def room(self) -> Iterator[Room]:
        """Empty places for one installation."""
        with self.database() as database, _opened(self.brokers) as broker:
            yield Room(database, broker)

    def database(self) -> AbstractContextManager[str | None]:
        """The URL of an empty PostgreSQL database; None where SQLite is measured."""
        return _opened(self.databases)


@contextmanager
def running(on: On) -> Iterator[Servers]:
    """The servers, for as long as the block lasts. Raises MeasurementError where one is missing."""
    if on is On.SQLITE:
        yield Servers()
        return
    with ExitStack() as stack:
        databases = _databases(stack)
        yield Servers(on, databases, _brokers(on, stack))


def ask(database: str, question: str) -> Any:
    """The one value that PostgreSQL answers."""

    async def asked() -> Any:
        connection = await asyncpg.connect(database)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(asked())


def _databases(stack: ExitStack) -> Opens:
    if given := os.environ.get("BENCH_DB_URL"):
        return partial(_made_at, given)
    _insist_on("postgres")
    return stack.enter_context(postgres.running()).database


def _brokers(on: On, stack: ExitStack) -> Opens | None:
    if on is On.POSTGRES:
        return None
    if given := os.environ.get("BENCH_BROKER_URL"):
        return lambda: nullcontext(given)
    _insist_on(on)
    return _a_kafka if on is On.KAFKA else stack.enter_context(rabbitmq.running()).vhost


@contextmanager
def _a_kafka() -> Iterator[str]:
    """Kafka has no rooms: each installation gets a broker of its own."""
    with kafka.running() as server:
        yield server.url


@contextmanager
def _made_at(url: str) -> Iterator[str]:
    name = f"sendwell_bench_{uuid.uuid4().hex}"
    ask(url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        ask(url, f"DROP DATABASE {name} WITH (FORCE)")


def _opened(opens: Opens | None) -> AbstractContextManager[str | None]:
    return opens() if opens else nullcontext()


def _insist_on(name: str) -> None:
    if (reason := KINDS[name].why_not()) is not None:
        raise MeasurementError(f"{reason}; `./dev services` installs it")
