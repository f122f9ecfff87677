"""What the broker pushes from one queue, until the channel ends."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from sendwell.adapters.bus.rabbitmq.fault import unavailable, within
from sendwell.adapters.bus.rabbitmq.places import Places
from sendwell.adapters.bus.rabbitmq.wire import arrived
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Arrived, Stream

_SECONDS = 10.0
"""A quorum queue that has lost its leader takes a while until it hands out."""


class Intake:
    """Everything that is not acknowledged goes back to the queue when the channel is closed."""

    def __init__(self, channel: Channel, stream: Stream, queue: str, *, places: Places) -> None:
        self._channel = channel
        self._stream = stream
        self._queue = queue
        self._places = places
        self._waiting: deque[DeliveredMessage] = deque()
        self._taken = 0
        self._last_tag = 0
        self._news = asyncio.Event()
        self._end = ""

    @property
    def unfinished(self) -> int:
        """How many were pushed and not acknowledged."""
        return len(self._waiting) + self._taken

    async def open(self, *, prefetch: int) -> None:
        """From now on at most so many are pushed ahead of their acknowledgement."""
        self._channel.on_consumer_cancel_callbacks.add(self._on_cancel)
        self._channel.closing.add_done_callback(self._on_closing)
        with unavailable(f"RabbitMQ does not hand out {self._queue}"):
            await within(_SECONDS, self._start(prefetch))

    async def until_filled(self) -> None:
        """There is something to take. Raises Unavailable when nothing is going to come."""
        while not self._waiting:
            self._check()
            self._news.clear()
            await self._news.wait()

    def take(self, most: int) -> Sequence[Arrived]:
        """What has arrived, in order. Raises Unavailable when it was given to others meanwhile."""
        self._check()
        self._taken = min(most, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(self._taken)]
        self._last_tag = cast("int", batch[-1].delivery_tag)
        return [arrived(each, self._stream, place=self._places.hand_out(each)) for each in batch]

    async def acknowledge(self) -> None:
        """What was taken last is done with, and with it all before."""
        with unavailable(f"What came from {self._queue} can't be acknowledged"):
            await self._channel.basic_ack(self._last_tag, multiple=True)
        self._taken = 0
        self._places.acknowledge()

    async def _start(self, prefetch: int) -> None:
        await self._channel.basic_qos(prefetch_count=prefetch)
        await self._channel.basic_consume(self._queue, self._on_message)

    def _check(self) -> None:
        if self._end:
            raise Unavailable(f"RabbitMQ does not hand out {self._queue} any more: {self._end}")

    async def _on_message(self, message: DeliveredMessage) -> None:
        self._waiting.append(message)
        self._news.set()

    def _on_cancel(self, _: Basic.Cancel) -> None:
        self._finish("the queue is gone")

    def _on_closing(self, closing: "asyncio.Future[None]") -> None:
        error = None if closing.cancelled() else closing.exception()
        self._finish(str(error or "") or "the channel is closed")

    def _finish(self, why: str) -> None:
        self._end = why
        self._news.set()
