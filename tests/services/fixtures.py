"""Running servers, one of each for all tests of a worker, and an empty room in it for each test."""

from collections.abc import Iterator

import pytest

from tests.services import cassandra, kafka, made, mariadb, pgbouncer, postgres, rabbitmq, redis
from tests.services.cassandra import Cassandra
from tests.services.kafka import Kafka
from tests.services.made import MadePostgres
from tests.services.mariadb import MariaDb
from tests.services.pgbouncer import PgBouncer
from tests.services.postgres import Postgres
from tests.services.rabbitmq import RabbitMq
from tests.services.redis import Redis
from tests.services.servers import KINDS, Server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    insist_on("postgres")
    with postgres.running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    yield from a_room(postgres_server)


@pytest.fixture(scope="session")
def made_postgres(postgres_server: Postgres) -> Iterator[MadePostgres]:
    with made.on(postgres_server) as copies:
        yield copies


@pytest.fixture
def made_postgres_url(made_postgres: MadePostgres) -> Iterator[str]:
    """With all of our tables, empty."""
    yield from a_room(made_postgres)


@pytest.fixture(scope="session")
def pgbouncer_server(postgres_server: Postgres) -> Iterator[PgBouncer]:
    insist_on("pgbouncer")
    with pgbouncer.before(postgres_server) as server:
        yield server


@pytest.fixture
def pgbouncer_url(pgbouncer_server: PgBouncer) -> Iterator[str]:
    pgbouncer_server.server.start()
    yield from a_room(pgbouncer_server)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    insist_on("redis")
    with redis.running() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Redis) -> Iterator[str]:
    yield from a_room(redis_server)


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitMq]:
    insist_on("rabbitmq")
    with rabbitmq.running() as server:
        yield server


@pytest.fixture
def rabbitmq_url(rabbitmq_server: RabbitMq) -> Iterator[str]:
    yield from a_room(rabbitmq_server)


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[Kafka]:
    insist_on("kafka")
    with kafka.running() as server:
        yield server


@pytest.fixture
def kafka_url(kafka_server: Kafka) -> Iterator[str]:
    yield from a_room(kafka_server)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    insist_on("mariadb")
    with mariadb.running() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: MariaDb) -> Iterator[str]:
    yield from a_room(mariadb_server)


@pytest.fixture(scope="session")
def cassandra_server() -> Iterator[Cassandra]:
    insist_on("cassandra")
    with cassandra.running() as server:
        yield server


@pytest.fixture
def cassandra_url(cassandra_server: Cassandra) -> Iterator[str]:
    yield from a_room(cassandra_server)


def insist_on(name: str) -> None:
    """Where nothing may be skipped, the test says what is missing."""
    if (reason := KINDS[name].why_not()) is not None:
        pytest.fail(reason)


def a_room(server: Server | MadePostgres) -> Iterator[str]:
    server.start()  # an earlier test may have left it dead
    with server.room() as url:
        yield url
