"""The socket below a connection, which the driver does not always let go of by itself."""

import asyncio

from aiormq import TransportFactory

from sendwell.adapters.bus.rabbitmq.address import Address


class Transport(TransportFactory):
    """Opens a socket, and closes it whatever is left to be sent."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._writer: asyncio.StreamWriter | None = None

    async def create(
        self,
        url: object,  # noqa: ARG002 - the driver has it from us
        **_: object,
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        there = self._address
        reader, self._writer = await asyncio.open_connection(there.host, there.port, ssl=there.tls)
        return reader, self._writer

    def abort(self) -> None:
        if self._writer:
            self._writer.transport.abort()
