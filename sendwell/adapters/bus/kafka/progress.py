"""How far groups are with their topics, as Kafka knows it."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from sendwell.adapters.bus.kafka.records import Place

_TURN_SECONDS = 1.0
"""So long a question occupies its thread, and may hold up the end of the process."""


class Progress:
    """Asks as a client of each group, one that never joins it.

    The administrator's client knows the same question, and must not be asked: where a coordinator
    is just moving, librdkafka dies of the answer, and the process with it (SIGSEGV in
    rd_kafka_handle_OffsetFetch, its issue 5040, in 2.16.0 still). A client of a group survives it.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._clients: dict[str, _Client] = {}

    async def committed(self, group: str, places: Sequence[Place]) -> dict[Place, int]:
        """What the group has committed; a place where it never has is left out.

        Raises KafkaException, and that after a second at most: ask again while the broker is away.
        """
        if group not in self._clients:
            self._clients[group] = _Client({**self._settings, "group.id": group})
        found = await asyncio.to_thread(self._clients[group].committed, places)
        return {
            (each.topic, each.partition): each.offset
            for each in found
            if each.offset != OFFSET_INVALID
        }

    async def close(self) -> None:
        """Let go of the connections, once what was asked is answered. Idempotent."""
        for client in self._clients.values():
            await asyncio.to_thread(client.close)


class _Client:
    """Used from any thread, and never closed under a question: that would be fatal as well."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._consumer = Consumer(dict(settings))
        self._using = threading.Lock()
        self._is_closed = False

    def committed(self, places: Sequence[Place]) -> Sequence[TopicPartition]:
        asked = [TopicPartition(*place) for place in places]
        with self._using:
            if self._is_closed:
                raise KafkaException(KafkaError(KafkaError._DESTROY))  # noqa: SLF001 – public
            self._consumer.poll(0)  # now it tells what goes wrong behind it
            found: list[TopicPartition] = self._consumer.committed(asked, _TURN_SECONDS)
            return found

    def close(self) -> None:
        with self._using:
            if not self._is_closed:
                self._is_closed = True
                self._consumer.close()
