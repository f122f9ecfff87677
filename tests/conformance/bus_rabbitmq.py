"""The bus on RabbitMQ, for the suite of the Bus port."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiormq
from aiormq.abc import ChannelFrame, FrameType
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from sendwell.adapters.bus.rabbitmq import RabbitBus
from sendwell.adapters.bus.rabbitmq.wire import MOST_BYTES
from sendwell.ports.bus import Stream
from tests.conformance.bus_case import BusCase, Makes
from tests.services.rabbitmq import RabbitMq
from tests.services.servers import Server


class Settled(RabbitBus):
    """Its new queues are written down at once.

    RabbitMQ 3.10 takes up to a second for it. Killed before, it knows the queue, but not that there
    is anything in it, nor who leads it.
    """

    def __init__(self, server: RabbitMq, url: str) -> None:
        super().__init__(url)
        self._server = server

    async def declare(self, streams: Sequence[Stream], *, group: str | None = None) -> None:
        await super().declare(streams, group=group)
        await asyncio.to_thread(self._server.evaluate, "[dets:sync(Table) || Table <- dets:all()]")


@asynccontextmanager
async def opens(server: Server) -> AsyncIterator[Makes]:
    assert isinstance(server, RabbitMq)
    yield lambda: Settled(server, server.url)


async def sends_bare(server: Server, stream: Stream, body: bytes) -> None:
    """By frames of our own, as the driver gives an id to what has none."""
    async with aiormq.connect(server.url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        publish = Basic.Publish(exchange=stream.exchange, routing_key=stream.name)
        frames: list[FrameType] = [publish, ContentHeader(body_size=len(body)), ContentBody(body)]
        await connection.write_queue.put(ChannelFrame.marshall(channel.number, frames))
        await channel.basic_qos(prefetch_count=1)  # answered, and so is what was sent before


CASES = [
    BusCase(
        name="rabbitmq",
        server="rabbitmq",
        opens=opens,
        too_large_bytes=MOST_BYTES + 1,
        sends_bare=sends_bare,
    )
]
