"""By the exchange that a preset reads requests from: plain aio-pika with publisher confirms."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from tests.chaos.doors.door import Answer, GoneError, Taken
from tests.chaos.draft import Draft

_PATIENCE_SECONDS = 5
_FAILURES = (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError)


class RabbitDoor:
    """What the broker has confirmed is taken; nobody says under which id."""

    def __init__(self, url: str, exchange: str, routing_key: str) -> None:
        self._url = url
        self._exchange = exchange
        self._routing_key = routing_key
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()

    async def ask(self, drafts: Sequence[Draft]) -> Sequence[Answer]:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                channel = await self._open()
                exchange = await channel.get_exchange(self._exchange, ensure=False)
                for draft in drafts:
                    await exchange.publish(_message(draft), self._routing_key, mandatory=True)
        except _FAILURES as error:
            raise GoneError(str(error)) from error
        return [Taken(draft.id) for draft in drafts]

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _open(self) -> AbstractChannel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._connection = await aio_pika.connect(self._url, timeout=_PATIENCE_SECONDS)
                self._channel = await self._connection.channel(on_return_raises=True)
            return self._channel


def _message(draft: Draft) -> aio_pika.Message:
    return aio_pika.Message(
        draft.body,
        headers={"organization-id": "default"},
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


@asynccontextmanager
async def opened(url: str, exchange: str, routing_key: str) -> AsyncIterator[RabbitDoor]:
    """The door to an exchange while the context lasts."""
    door = RabbitDoor(url, exchange, routing_key)
    try:
        yield door
    finally:
        await door.close()
