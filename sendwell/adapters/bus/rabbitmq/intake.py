"""What the broker pushes from one queue, until the channel ends."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from sendwell.adapters.bus.rabbitmq.ahead import Ahead
from sendwell.adapters.bus.rabbitmq.fault import unavailable, within
from sendwell.adapters.bus.rabbitmq.places import Places
from sendwell.adapters.bus.rabbitmq.wire import arrived
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Arrived, Stream

_SECONDS = 10.0
"""A quorum queue that has lost its leader takes a while until it hands out."""
_LARGEST_BATCH_BYTES = 16 * 1024 * 1024
"""It ends with the parcel that reaches it."""


class Intake:
    """Everything that is not acknowledged goes back to the queue when the channel is closed.

    `ahead` says how much is pushed before that.
    """

    def __init__(
        self, channel: Channel, stream: Stream, queue: str, *, places: Places, ahead: Ahead
    ) -> None:
        self._channel = channel
        self._stream = stream
        self._queue = queue
        self._places = places
        self._ahead = ahead
        self._waiting: deque[DeliveredMessage] = deque()
        self._waiting_bytes = 0
        self._taken = 0
        self._taken_bytes = 0
        self.is_outdated = False
        """More or fewer are to be pushed ahead: that takes another channel."""
        self._last_tag = 0
        self._news = asyncio.Event()
        self._end = ""

    @property
    def unfinished(self) -> int:
        """How many were pushed and not acknowledged."""
        return len(self._waiting) + self._taken

    async def open(self) -> None:
        """From now on messages are pushed ahead of their acknowledgement."""
        self._channel.on_consumer_cancel_callbacks.add(self._on_cancel)
        self._channel.closing.add_done_callback(self._on_closing)
        with unavailable(f"RabbitMQ does not hand out {self._queue}"):
            await within(_SECONDS, self._start())

    async def until_filled(self) -> None:
        """There is something to take. Raises Unavailable when nothing is going to come."""
        while not self._waiting:
            self._check()
            self._news.clear()
            await self._news.wait()

    def take(self, most: int) -> Sequence[Arrived]:
        """What has arrived, in order. Raises Unavailable when it was given to others meanwhile."""
        self._check()
        batch = self._next(most)
        self._taken = len(batch)
        self._last_tag = cast("int", batch[-1].delivery_tag)
        return [arrived(each, self._stream, place=self._places.hand_out(each)) for each in batch]

    async def acknowledge(self) -> None:
        """What was taken last is done with, and with it all before."""
        with unavailable(f"What came from {self._queue} can't be acknowledged"):
            await self._channel.basic_ack(self._last_tag, multiple=True)
        taken, self._taken = self._taken, 0
        self._places.acknowledge()
        waiting = self._waiting_bytes
        if self._ahead.learn(taken, self._taken_bytes, waiting_bytes=waiting):
            self.is_outdated = True

    def _next(self, most: int) -> list[DeliveredMessage]:
        batch: list[DeliveredMessage] = []
        self._taken_bytes = 0
        while self._waiting and len(batch) < most and self._taken_bytes < _LARGEST_BATCH_BYTES:
            batch.append(self._waiting.popleft())
            self._taken_bytes += len(batch[-1].body)
        self._waiting_bytes -= self._taken_bytes
        return batch

    async def _start(self) -> None:
        await self._channel.basic_qos(prefetch_count=self._ahead.count)
        await self._channel.basic_consume(self._queue, self._on_message)

    def _check(self) -> None:
        if self._end:
            raise Unavailable(f"RabbitMQ does not hand out {self._queue} any more: {self._end}")

    async def _on_message(self, message: DeliveredMessage) -> None:
        self._waiting.append(message)
        self._waiting_bytes += len(message.body)
        self._news.set()

    def _on_cancel(self, _: Basic.Cancel) -> None:
        self._finish("the queue is gone")

    def _on_closing(self, closing: "asyncio.Future[None]") -> None:
        error = None if closing.cancelled() else closing.exception()
        self._finish(str(error or "") or "the channel is closed")

    def _finish(self, why: str) -> None:
        self._end = why
        self._news.set()
