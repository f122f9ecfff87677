"""One connection to the broker, opened when it is needed and again when it was lost."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar, cast

from aiormq import Channel, Connection, ConnectionClosed, connect

from sendwell.adapters.bus.rabbitmq.address import Address
from sendwell.adapters.bus.rabbitmq.fault import unavailable, within
from sendwell.adapters.bus.rabbitmq.transport import Transport
from sendwell.domain.errors import Unavailable

_T = TypeVar("_T")
_SECONDS = 5.0
"""For each answer of the broker."""
_BLOCKED_SECONDS = 0.5
"""How long an alarm may hold up who publishes before it is told."""
_ENDLESS = 0
"""The driver would read three messages at a time; what bounds them is how many are pushed ahead."""


class Link:
    """Gives channels. `purpose` is shown in the broker's list of connections."""

    def __init__(self, address: Address, *, purpose: str) -> None:
        self._address = address
        self._purpose = purpose
        self._connection: Connection | None = None
        self._transport = Transport(address)
        self._opening = asyncio.Lock()
        self._is_closed = False
        self.is_held_up = False
        """Whether `until_unblocked` is worth asking: nearly always the answer is known."""

    async def channel(self, *, confirms: bool = False) -> Channel:
        """A new channel, on a new connection if need be. Raises Unavailable within seconds."""
        try:
            with unavailable(f"RabbitMQ at {self._address.name} can't be reached"):
                return await within(_SECONDS, self._channel(confirms=confirms))
        finally:
            if self._connection is None or not self._connection.is_opened:
                self._transport.abort()

    async def ask(self, what: str, question: Callable[[Channel], Coroutine[Any, Any, _T]]) -> _T:
        """What a question comes to, on a channel of its own: a wrong one costs the channel.

        Raises Unavailable; `what` begins its sentence.
        """
        channel = await self.channel()
        try:
            with unavailable(what):
                return await within(_SECONDS, question(channel))
        finally:
            await self.let_go(channel)

    async def let_go(self, channel: Channel) -> None:
        """The channel is closed, and what was handed out on it is given back."""
        try:
            with unavailable("A channel of RabbitMQ can't be closed"):
                await within(_SECONDS, channel.close())
        except Unavailable:
            await self.drop()

    async def until_unblocked(self) -> None:
        """Publishing is possible. Raises Unavailable when an alarm goes on for longer."""
        connection = self._connection
        if connection is None or not connection.is_opened:
            self.is_held_up = False  # the next channel is on a new one
            return
        self.is_held_up = True
        try:
            await within(_BLOCKED_SECONDS, connection.ready())
            self.is_held_up = False
        except TimeoutError:
            raise Unavailable(
                f"RabbitMQ at {self._address.name} takes no messages: it is short of memory or"
                " disk (`rabbitmq-diagnostics alarms` says which). Publish again later.",
                retry_after=timedelta(seconds=5),
            ) from None

    async def product(self) -> str:
        """The broker's name and version. It has just answered."""
        channel = await self.channel()
        await self.let_go(channel)
        about = channel.connection.server_properties or {}
        return " ".join(str(about.get(each, "")) for each in ("product", "version"))

    async def drop(self) -> None:
        """The connection is given up, as it leads nowhere; the next channel is on a new one."""
        connection, self._connection = self._connection, None
        transport, self._transport = self._transport, Transport(self._address)
        try:
            if connection:
                with suppress(Unavailable), unavailable("It is lost"):
                    await within(_SECONDS, connection.close(ConnectionClosed(0, "given up")))
        finally:
            transport.abort()

    async def close(self) -> None:
        self._is_closed = True
        await self.drop()

    async def _channel(self, *, confirms: bool) -> Channel:
        connection = await self._opened()
        channel = await connection.channel(
            publisher_confirms=confirms, on_return_raises=False, frame_buffer_size=_ENDLESS
        )
        return cast("Channel", channel)

    async def _opened(self) -> Connection:
        async with self._opening:
            if self._is_closed:
                raise Unavailable("The bus was closed.")
            if self._connection is None or not self._connection.is_opened:
                self._connection = await connect(
                    self._address.url,
                    transport_factory=self._transport,
                    client_properties={"connection_name": f"sendwell: {self._purpose}"},
                )
            return self._connection
