"""A member of a group: a thread that reads, beside the loop that receives."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from confluent_kafka import KafkaException

from sendwell.adapters.bus.kafka.hand import Hand
from sendwell.adapters.bus.kafka.pauses import new_pauses
from sendwell.adapters.bus.kafka.reading import Reading
from sendwell.adapters.bus.kafka.records import Place, Record
from sendwell.ports.bus import Receive, Stream

log = structlog.get_logger()


class Member:
    """Works until it is cancelled; then it has left the group."""

    def __init__(
        self,
        client: Mapping[str, Any],
        streams: Sequence[Stream],
        *,
        group: str,
        receive: Receive,
        most: int,
    ) -> None:
        self.group = group
        self._settings = {**client, "group.id": group}
        self._streams = {stream.name: stream for stream in streams}
        self._receive = receive
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._stopping = threading.Event()
        self._reading: Reading | None = None

    @property
    def owned(self) -> frozenset[Place]:
        """The partitions that are its own at the moment."""
        return self._reading.owned if self._reading else frozenset()

    async def work(self) -> None:
        """See Bus.consume."""
        threading.Thread(target=self._run, name="kafka-consumer", daemon=True).start()
        try:
            await asyncio.shield(self._ended)
        except asyncio.CancelledError:
            self._stop()
            await self._ended
            raise

    def _stop(self) -> None:
        self._stopping.set()
        if self._reading:
            self._reading.stop()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._read()
        except BaseException as raised:  # noqa: BLE001 – raised again where work is awaited
            error = raised
        with suppress(RuntimeError):  # nobody waits: the loop is closed
            self._loop.call_soon_threadsafe(self._end, error)

    def _read(self) -> None:
        """One consumer after the other, should one be broken for good."""
        pauses, pause = new_pauses(), 0.0
        while not self._stopping.wait(pause):
            try:
                self._reading = Reading(
                    self._settings, self._streams, self._hand_out, most=self._most
                )
                if self._stopping.is_set():
                    self._reading.stop()
                self._reading.run()
            except KafkaException as error:
                pause = pauses.take()
                log.warning("kafka.consumer_replaced", why=str(error))

    def _hand_out(self, records: Sequence[Record]) -> Hand:
        return Hand(records, self._receive, self._loop)

    def _end(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)
