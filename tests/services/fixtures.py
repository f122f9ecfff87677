"""Running servers, one of each for all tests of a worker, and a clean place in it for each test."""

from collections.abc import Iterator

import pytest

from tests.services import kafka, postgres, rabbitmq, redis
from tests.services.kafka import Kafka
from tests.services.postgres import Postgres
from tests.services.rabbitmq import RabbitMq
from tests.services.redis import Redis


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    postgres_server.start()  # an earlier test may have left it dead
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with redis.running() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Redis) -> Iterator[str]:
    redis_server.start()
    with redis_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitMq]:
    with rabbitmq.running() as server:
        yield server


@pytest.fixture
def rabbitmq_url(rabbitmq_server: RabbitMq) -> Iterator[str]:
    rabbitmq_server.start()
    with rabbitmq_server.vhost() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[Kafka]:
    with kafka.running() as server:
        yield server


@pytest.fixture
def kafka_url(kafka_server: Kafka) -> str:
    """The cluster is shared as it is: a test gives its topics and groups names of its own."""
    kafka_server.start()
    return kafka_server.url
