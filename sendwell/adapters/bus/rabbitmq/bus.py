"""The port."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.commands import Queue

from sendwell.adapters.bus.rabbitmq.address import parse
from sendwell.adapters.bus.rabbitmq.driver import prepare
from sendwell.adapters.bus.rabbitmq.link import Link
from sendwell.adapters.bus.rabbitmq.member import Member
from sendwell.adapters.bus.rabbitmq.outlet import Outlet
from sendwell.adapters.bus.rabbitmq.topology import Topology, queue_of
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Parcel, Receive, Stream


class RabbitBus:
    """A RabbitMQ, by `amqp://user:password@host:port/vhost` or `amqps://…?ca=/path`.

    Connects when it is first used. Raises Invalid for a URL that can't be one.

    - A stream is an exchange and a routing key; a group has a quorum queue of its own there, or
      the stream's. A stream without any queue can't be published to: Unavailable.
    - Several streams are read at the same time, and handed over in turn: a batch is of one stream.
    - Once `receive` raised, all that this member holds of the stream goes back in order, for others
      to take; that counts as a try also for what was waiting behind the batch.
    - `lag` counts what lies in the queues and what this bus holds; what members elsewhere hold only
      the broker's management knows.
    """

    def __init__(self, url: str) -> None:
        prepare()
        address = parse(url)
        self._publishing = Link(address, purpose="publishes")
        self._reading = Link(address, purpose="reads")
        self._topology = Topology(self._reading)
        self._outlets: dict[Stream, Outlet] = {}
        self._members: list[Member] = []
        self._under_way = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def declare(self, streams: Sequence[Stream], *, group: str | None = None) -> None:
        await self._topology.declare(streams, group)

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        if not parcels:
            return
        if (outlet := self._outlets.get(stream)) is None:
            outlet = self._outlets[stream] = Outlet(stream, self._publishing, self._topology)
        with self._counted():
            await outlet.publish(parcels)

    async def consume(
        self, streams: Sequence[Stream], *, group: str, receive: Receive, most: int = 500
    ) -> None:
        turn = asyncio.Lock()
        members = [
            Member(stream, group, self._reading, self._topology, receive, most, turn)
            for stream in streams
        ]
        self._members += members
        try:
            async with asyncio.TaskGroup() as at_work:
                for member in members:
                    at_work.create_task(member.work())
        finally:
            self._members = [each for each in self._members if each not in members]

    async def lag(self, streams: Sequence[Stream], *, group: str) -> int:
        queues = {queue_of(stream, group) for stream in streams}
        waiting = [(await self._look(queue)).message_count or 0 for queue in queues]
        return sum(waiting) + sum(
            member.intake.unfinished
            for member in self._members
            if member.intake and member.queue in queues
        )

    async def behind(self, streams: Sequence[Stream], *, group: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for stream in streams:
            queue = queue_of(stream, group)
            ours = [member for member in self._members if member.queue == queue]
            if any(each.is_holding for each in ours) or (await self._look(queue)).message_count:
                found[stream.name] = str(sum(each.taken for each in ours))
        return found

    async def members(self, stream: Stream, *, group: str) -> int:
        return (await self._look(queue_of(stream, group))).consumer_count or 0

    async def begun(self, streams: Sequence[Stream], *, group: str) -> list[Stream]:
        return [each for each in streams if await self._is_there(queue_of(each, group))]

    async def ping(self) -> str:
        return await self._reading.product()

    async def close(self) -> None:
        await self._is_idle.wait()
        await self._publishing.close()
        await self._reading.close()

    async def _is_there(self, queue: str) -> bool:
        try:
            await self._look(queue)
        except Unavailable as error:
            if isinstance(error.__cause__, ChannelNotFoundEntity):
                return False
            raise
        return True

    async def _look(self, queue: str) -> Queue.DeclareOk:
        return await self._reading.ask(
            f"RabbitMQ can't say what waits in {queue}",
            lambda channel: channel.queue_declare(queue, passive=True),
        )

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._under_way += 1
        self._is_idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_idle.set()
