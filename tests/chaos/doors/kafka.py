"""By the topic that a preset reads requests from: a plain Kafka producer, none of the product's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import Producer

from tests.chaos.doors.door import Answer, Taken, Unheard
from tests.chaos.draft import Draft

_HEADERS: dict[str, str | bytes | None] = {"organization-id": "default"}
_POLL_SECONDS = 0.1
_PATIENCE_MS = 8_000


class KafkaDoor:
    """What the broker has confirmed is taken; nobody says under which id."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def ask(self, drafts: Sequence[Draft]) -> Sequence[Answer]:
        return await asyncio.gather(*map(self._ask, drafts))

    async def _ask(self, draft: Draft) -> Answer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()

        def confirmed(error: object, _: object) -> None:
            loop.call_soon_threadsafe(answered.set_result, error is None)

        self._producer.produce(self._topic, draft.body, headers=_HEADERS, on_delivery=confirmed)
        return Taken(draft.id) if await answered else Unheard()


@asynccontextmanager
async def opened(url: str, topic: str) -> AsyncIterator[KafkaDoor]:
    """The door to a topic while the context lasts."""
    settings: dict[str, Any] = {
        "bootstrap.servers": urlsplit(url).netloc,
        # It tries once: what bears no name and lies there twice would rightly be sent twice.
        "message.send.max.retries": 0,
        "message.timeout.ms": _PATIENCE_MS,
        "linger.ms": 2,
        "log_level": 2,
    }
    producer = Producer(settings)
    is_over = False

    def poll() -> None:
        while not is_over:
            producer.poll(_POLL_SECONDS)

    polling = asyncio.create_task(asyncio.to_thread(poll))
    try:
        yield KafkaDoor(producer, topic)
    finally:
        is_over = True
        await polling
