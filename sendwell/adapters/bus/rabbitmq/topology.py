"""Which exchanges, queues and bindings there are, and making them."""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import structlog
from aiormq import Channel, ChannelAccessRefused, ChannelPreconditionFailed
from pamqp.common import FieldValue

from sendwell.adapters.bus.rabbitmq.fault import reason
from sendwell.adapters.bus.rabbitmq.link import Link
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Stream

log = structlog.get_logger()

_DELIVERY_LIMIT = 1_000_000
"""Out of reach on purpose: a quorum queue drops what was given back more often, and newer brokers
set 20, which an hour without database would use up. Poison is for the runtime's quarantine."""

_ARGUMENTS: dict[str, FieldValue] = {
    "x-queue-type": "quorum",
    "x-delivery-limit": _DELIVERY_LIMIT,
}

Question = Callable[[Channel], Coroutine[Any, Any, object]]


def queue_of(stream: Stream, group: str | None) -> str:
    """The queue that the group reads the stream from; empty when there is none."""
    return stream.queue or (f"{group}.{stream.name}" if group else "")


class Topology:
    """Makes what is missing and takes what is there, also when somebody else made it otherwise."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._groups: dict[Stream, set[str | None]] = defaultdict(set)
        self._told: set[str] = set()

    async def declare(self, streams: Sequence[Stream], group: str | None) -> None:
        for stream in streams:
            await self._exchange(stream)
            if queue := queue_of(stream, group):
                await self._queue(stream, queue)
            self._groups[stream].add(group)

    async def restore(self, stream: Stream) -> None:
        """All that was ever declared of the stream is there again."""
        for group in set(self._groups[stream]) or {None}:
            await self.declare([stream], group)

    async def _exchange(self, stream: Stream) -> None:
        def declare(channel: Channel, *, is_passive: bool = False) -> Coroutine[Any, Any, object]:
            return channel.exchange_declare(
                stream.exchange,
                exchange_type=stream.routing.value,
                durable=True,
                passive=is_passive,
            )

        name = f"exchange {stream.exchange}"
        if not await self._is_made(name, declare):
            await self._link.ask(_failed(name), partial(declare, is_passive=True))

    async def _queue(self, stream: Stream, queue: str) -> None:
        def declare(channel: Channel, *, is_passive: bool = False) -> Coroutine[Any, Any, object]:
            return channel.queue_declare(
                queue, durable=True, arguments=_ARGUMENTS, passive=is_passive
            )

        name = f"queue {queue}"
        if not await self._is_made(name, declare):
            await self._link.ask(_failed(name), partial(declare, is_passive=True))
        await self._is_made(
            f"binding of {queue}",
            lambda channel: channel.queue_bind(queue, stream.exchange, stream.name),
        )

    async def _is_made(self, name: str, make: Question) -> bool:
        """It is there as we want it. False when it is there otherwise, or is not ours to make."""
        try:
            await self._link.ask(_failed(name), make)
        except Unavailable as error:
            cause = error.__cause__
            if not isinstance(cause, ChannelPreconditionFailed | ChannelAccessRefused):
                raise
            self._tell(name, reason(cause))
            return False
        return True

    def _tell(self, name: str, why: str) -> None:
        """Once: it is declared again after each loss."""
        if name not in self._told:
            self._told.add(name)
            log.warning("bus.used_as_it_is", what=name, why=why)


def _failed(name: str) -> str:
    return f"RabbitMQ can't provide {name}"
