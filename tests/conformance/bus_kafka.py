"""Kafka as a case of the Bus port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from sendwell.adapters.bus.kafka import KafkaBus
from sendwell.ports.bus import Stream
from tests.conformance.bus_case import BusCase, Makes
from tests.services.servers import Server


@asynccontextmanager
async def opens(server: Server) -> AsyncIterator[Makes]:
    """Topics are few-parted, and removed after, so that the server comes back soon when killed."""
    yield lambda: KafkaBus(f"{server.url}?partitions=6", patience=timedelta(seconds=5))
    admin = AdminClient(client(server))
    names = [name for name in admin.list_topics().topics if not name.startswith("__")]
    for deleted in admin.delete_topics(names).values() if names else ():
        deleted.result()


async def sends_bare(server: Server, stream: Stream, body: bytes) -> None:
    producer = Producer(client(server))
    producer.produce(stream.name, body)
    assert producer.flush() == 0


def client(server: Server) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": server.url.removeprefix("kafka://"), "log_level": 2}


CASES = (BusCase("kafka", "kafka", opens, too_large_bytes=5_000_000, sends_bare=sends_bare),)
