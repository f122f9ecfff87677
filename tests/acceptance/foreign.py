"""Clients that know nothing of Sendwell: what any other service would use on Kafka and RabbitMQ."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aio_pika
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.acceptance.product import Product
from tests.services.kafka import Kafka

SOON = 30.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a client got it."""

    body: bytes
    headers: Mapping[str, str]
    key: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Matches = Callable[[Heard], bool]


class KafkaClient:
    """A plain confluent-kafka Producer, and a Consumer of its own for each question."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.servers = servers = url.removeprefix("kafka://")
        # Compressed, so that even what is too large for us is not too large for the broker.
        settings = {"bootstrap.servers": servers, "compression.type": "gzip"}
        self._producer = Producer({**settings, "message.max.bytes": 10_000_000})

    async def publish(
        self,
        topic: str,
        *bodies: bytes,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        at: int = 0,
    ) -> None:
        """The broker has them all, one behind the other in the partition of the key.

        `at` is what they say of the time they were written, in milliseconds; 0: now.
        """
        for body in bodies:
            self._producer.produce(topic, body, key, headers=dict(headers or {}), timestamp=at)
        assert await asyncio.to_thread(self._producer.flush, SOON) == 0

    async def hear(self, topic: str, matches: Matches, *, count: int = 1) -> list[Heard]:
        """The first messages of the topic that match; fails when there are not so many soon."""
        return await asyncio.to_thread(self._hear, topic, matches, count)

    def _hear(self, topic: str, matches: Matches, count: int) -> list[Heard]:
        settings = {
            "bootstrap.servers": self.servers,
            "group.id": uuid4().hex,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # Who asks before the broker has heard of a topic would ask again in five minutes.
            "topic.metadata.refresh.interval.ms": 1_000,
        }
        deadline, everything, found = time.monotonic() + SOON, list[Heard](), list[Heard]()
        with closing_consumer(settings) as consumer:
            consumer.subscribe([topic])
            while len(found) < count:
                assert time.monotonic() < deadline, f"{topic} has only {everything}"
                message = consumer.poll(0.2)
                if message is None or message.error():
                    continue
                heard = heard_from(message)
                everything.append(heard)
                found += [heard] if matches(heard) else []
        return found


def heard_from(message: Any) -> Heard:
    """Typed by nobody: the driver's own types are wrong about headers."""
    headers = {name: (value or b"").decode() for name, value in message.headers() or ()}
    return Heard(message.value() or b"", headers, (message.key() or b"").decode())


@contextmanager
def closing_consumer(settings: dict[str, Any]) -> Iterator[Consumer]:
    consumer = Consumer(settings)
    try:
        yield consumer
    finally:
        consumer.close()


@contextmanager
def kafka_client(server: Kafka) -> Iterator[KafkaClient]:
    """A client of that cluster; topics, whose names a preset fixes, are gone behind it."""
    server.start()
    client = KafkaClient(server.url)
    yield client
    _delete_topics(AdminClient({"bootstrap.servers": client.servers}))


def _delete_topics(admin: AdminClient) -> None:
    """All are gone, and the broker knows: it deletes before it stops telling of them, and who
    starts meanwhile would use what is about to vanish.
    """
    deadline = time.monotonic() + SOON
    while names := [name for name in admin.list_topics().topics if not name.startswith("__")]:
        assert time.monotonic() < deadline, f"{names} are still there"
        for deleted in admin.delete_topics(names).values():
            with suppress(KafkaException):  # it is gone, and only still told of
                deleted.result()


class RabbitClient:
    """A plain aio-pika client: publishes with the exchange and key that somebody told it."""

    def __init__(self, channel: aio_pika.abc.AbstractChannel) -> None:
        self._channel = channel

    async def publish(
        self, exchange: str, key: str, *bodies: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """The broker has confirmed them all."""
        there = await self._channel.get_exchange(exchange)
        for body in bodies:
            await there.publish(aio_pika.Message(body, headers=dict(headers or {})), key)

    async def bind(self, exchange: str, *keys: str) -> aio_pika.abc.AbstractQueue:
        """A queue of its own that gets what is published under these keys from now on."""
        there = await self._channel.get_exchange(exchange)
        queue = await self._channel.declare_queue(exclusive=True)
        for key in keys:
            await queue.bind(there, key)
        return queue

    async def queue(self, name: str) -> aio_pika.abc.AbstractQueue:
        """A queue that must be there already."""
        return await self._channel.get_queue(name)

    @staticmethod
    async def hear(
        queue: aio_pika.abc.AbstractQueue, matches: Matches, *, count: int = 1
    ) -> list[Heard]:
        """The next messages of the queue that match; the others are taken off it, too."""
        found: list[Heard] = []
        async with asyncio.timeout(SOON), queue.iterator(no_ack=True) as messages:
            async for message in messages:
                headers = {name: str(value) for name, value in message.headers.items()}
                heard = Heard(message.body, headers, message.routing_key or "")
                found += [heard] if matches(heard) else []
                if len(found) == count:
                    break
        return found


@asynccontextmanager
async def rabbit_client(url: str) -> AsyncIterator[RabbitClient]:
    """A client of the virtual host at that URL."""
    connection = await aio_pika.connect(url)
    async with connection:
        yield RabbitClient(await connection.channel())


async def mails_of(product: Product, notification: str) -> list[Any]:
    """What the mailbox has of a notification, waiting for the first."""
    query = {"notification": notification, "wait_seconds": 20}
    found = await product.get("/mailbox/messages", **query)
    mails: list[Any] = found["data"]
    return mails
