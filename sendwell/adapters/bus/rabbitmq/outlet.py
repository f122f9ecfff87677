"""The way of one stream to the broker: publishing with confirmation."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, cast

from aiormq import Channel

from sendwell.adapters.bus.rabbitmq.fault import hear, unavailable
from sendwell.adapters.bus.rabbitmq.link import Link
from sendwell.adapters.bus.rabbitmq.sending import forget, send
from sendwell.adapters.bus.rabbitmq.topology import Topology
from sendwell.adapters.bus.rabbitmq.wire import Letter, check, letter
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Parcel, Stream

_OPEN_SECONDS = 8.0
_CONFIRM_SECONDS = 8
"""A broker that confirms nothing for so long is taken for dead."""


class Outlet:
    """Publishes to one stream on a channel of its own: what comes back there is of this stream.

    That matters as the driver tells returned messages by their ids alone, and two streams may well
    carry the same one.
    """

    def __init__(self, stream: Stream, link: Link, topology: Topology) -> None:
        self._stream = stream
        self._link = link
        self._topology = topology
        self._channel: Channel | None = None
        self._opening = asyncio.Lock()
        self._is_routed = False
        self._returned = 0

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """As the port promises."""
        for parcel in parcels:
            check(parcel)
        channel = await self._opened()
        returned = self._returned
        letters = [
            letter(parcel, channel=channel.number, most_bytes=channel.max_content_size)
            for parcel in parcels
        ]
        await self._patiently(self._store(channel, letters))
        if self._returned > returned:
            raise Unavailable(
                f"RabbitMQ has no queue for {self._stream.name} on exchange"
                f" {self._stream.exchange}: declare a group that reads it, then publish again."
            )

    async def _opened(self) -> Channel:
        if self._link.is_held_up:
            await self._link.until_unblocked()
        if self._channel and self._is_routed and not self._channel.is_closed:
            return self._channel
        with unavailable(f"RabbitMQ gives no channel for {self._stream.name}"):
            async with asyncio.timeout(_OPEN_SECONDS), self._opening:
                return await self._open()

    async def _open(self) -> Channel:
        is_shut = self._channel is None or self._channel.is_closed
        if is_shut or not self._is_routed:
            await self._topology.restore(self._stream)
            self._is_routed = True
        if is_shut:
            self._channel = await self._link.channel(confirms=True)
            self._channel.on_return_callbacks.add(self._on_return)
        return cast("Channel", self._channel)

    def _on_return(self, _: object) -> None:
        self._returned += 1
        self._is_routed = False

    async def _patiently(self, storing: Coroutine[Any, Any, None]) -> None:
        """Wait for it as long as the broker is neither blocked nor dead."""
        task = asyncio.create_task(storing)
        task.add_done_callback(hear)
        try:
            for _ in range(_CONFIRM_SECONDS):
                await asyncio.wait({task}, timeout=1)
                if task.done():
                    return task.result()
                await self._link.until_unblocked()
        finally:
            task.cancel()
        await self._link.drop()
        raise Unavailable(f"{self._unconfirmed}: no answer in time. Has each queue a leader?")

    async def _store(self, channel: Channel, letters: Sequence[Letter]) -> None:
        with unavailable(self._unconfirmed):
            sent = await send(channel, self._stream, letters)
            try:
                await asyncio.wait([each.confirmation for each in sent])
            finally:
                forget(channel, sent)
            for each in sent:
                each.confirmation.result()

    @property
    def _unconfirmed(self) -> str:
        return f"RabbitMQ did not confirm what was published to {self._stream.name}"
