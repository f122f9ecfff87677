"""Writes parcels: librdkafka's producer, and a thread that carries its reports to the loop."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from sendwell.adapters.bus.kafka.records import headers, key
from sendwell.adapters.bus.kafka.trouble import Trouble
from sendwell.domain.errors import Invalid, SendwellError, Unavailable
from sendwell.ports.bus import Parcel

log = structlog.get_logger()

SETTINGS: Mapping[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    # What one call hands in is sent together, and nothing waits long enough to be noticed.
    "linger.ms": 2,
    # Where Java's producers would put the same key.
    "partitioner": "murmur2_random",
    # Which size is too large, brokers know. A batch of several ones is kept below half their
    # usual limit of 1 MiB, so that it is always a single parcel that is refused.
    "batch.size": 524_288,
    "message.max.bytes": 64_000_000,
    "allow.auto.create.topics": False,
}
_TURN_SECONDS = 0.2
_HOPELESS = {
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.INVALID_MSG_SIZE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_RECORD,
}
"""The same parcel will be refused again. Anything else may pass, if only after a repair."""


class Publisher:
    """Publishes until it is closed. A producer that is broken for good is replaced.

    `patience` is how long Kafka has for a parcel; changing the leader takes it some seconds.
    """

    def __init__(self, client: Mapping[str, Any], patience: timedelta) -> None:
        self._trouble = Trouble("producer")
        self._patience = patience.total_seconds()
        self._settings = {
            **client,
            **SETTINGS,
            "message.timeout.ms": int(self._patience * 1000),
            "error_cb": self.notice,
        }
        self._is_broken = threading.Event()
        self._is_closing = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._settled: list[_Handed] = []
        self._swapping = threading.Lock()
        self._producer = Producer(self._settings)
        self._thread = threading.Thread(target=self._work, name="kafka-producer", daemon=True)
        self._thread.start()

    async def publish(self, topic: str, parcels: Sequence[Parcel]) -> None:
        """See Bus.publish."""
        if not parcels:
            return
        handed = _Handed(parcels, self._loop, self._settled)
        with self._swapping:  # or else a producer could be given up between two parcels
            self._hand_in(topic, parcels, handed)
        error = await handed.done
        if error is not None:
            raise self._meaning(*error)

    async def close(self) -> None:
        """Wait for what was handed in, as long as it may take; then end the thread."""
        self._is_closing.set()
        await asyncio.to_thread(self._thread.join)

    def notice(self, error: KafkaError) -> None:
        """The producer's complaints, told by its own thread."""
        self._trouble.notice(error)
        if error.fatal():
            self._is_broken.set()

    def _hand_in(self, topic: str, parcels: Sequence[Parcel], handed: "_Handed") -> None:
        """Raises when the client does not even take one; the ones before it may arrive."""
        produce = self._producer.produce
        parcel = parcels[0]
        try:
            for parcel in parcels:
                produce(
                    topic,
                    parcel.body,
                    key(parcel),
                    headers=headers(parcel),
                    on_delivery=handed.report,
                )
        except BufferError as error:
            raise Unavailable("Too much waits for Kafka already.") from error
        except KafkaException as error:
            raise self._meaning(error.args[0], parcel.id) from error

    def _meaning(self, error: KafkaError, parcel: str) -> SendwellError:
        if error.code() in _HOPELESS:
            return Invalid(f"Kafka will never take parcel {parcel}: {error.str()}.")
        return Unavailable(f"Kafka has not taken it: {self._trouble.said(KafkaException(error))}.")

    def _work(self) -> None:
        while not self._is_closing.is_set():
            self._producer.poll(_TURN_SECONDS)
            self._tell()
            if self._is_broken.is_set():
                self._replace_if_possible()
        self._producer.flush(self._patience)
        self._give_up(self._producer)

    def _replace_if_possible(self) -> None:
        """Else again at the next turn: without this thread nobody would hear what became of it."""
        try:
            self._replace()
        except KafkaException as error:
            self._trouble.notice(error.args[0])

    def _replace(self) -> None:
        """A fatal error is final for its producer: what it still holds fails."""
        with self._swapping:
            broken, self._producer = self._producer, Producer(self._settings)
            self._is_broken.clear()
        log.error("kafka.producer_replaced", why=self._trouble.words)
        self._give_up(broken)

    def _give_up(self, producer: Producer) -> None:
        producer.purge()
        producer.flush(_TURN_SECONDS)
        producer.close()
        self._tell()

    def _tell(self) -> None:
        """Wake all whose parcels are settled, by one call into the loop."""
        if not self._settled:
            return
        settled = self._settled[:]
        del self._settled[: len(settled)]
        if any(handed.error is None for handed in settled):
            self._trouble.is_over()
        self._loop.call_soon_threadsafe(_wake, settled)


class _Handed:
    """The parcels of one call, until the last of them is settled."""

    __slots__ = ("_left", "_parcels", "_settled", "done", "error")

    def __init__(
        self,
        parcels: Sequence[Parcel],
        loop: asyncio.AbstractEventLoop,
        settled: "list[_Handed]",
    ) -> None:
        self._parcels = parcels
        self._left = len(parcels)
        self._settled = settled
        self.error: tuple[KafkaError, str] | None = None
        self.done: asyncio.Future[tuple[KafkaError, str] | None] = loop.create_future()

    def report(self, error: KafkaError | None, message: Message) -> None:
        """What became of one. An error that is final is the one to tell."""
        if error is not None and (self.error is None or error.code() in _HOPELESS):
            self.error = error, self._id(message)
        self._left -= 1
        if not self._left:
            self._settled.append(self)

    def _id(self, message: Message) -> str:
        """Reports carry no headers."""
        body = message.value() or b""
        return next((each.id for each in self._parcels if each.body == body), "")


def _wake(settled: Sequence[_Handed]) -> None:
    for handed in settled:
        if not handed.done.done():
            handed.done.set_result(handed.error)
