"""The socket below a connection, which the driver does not always let go of by itself."""

import asyncio
import ssl

from aiormq import TransportFactory
from yarl import URL


class Transport(TransportFactory):
    """Opens one socket, and closes it whatever is left to be sent."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._writer: asyncio.StreamWriter | None = None

    async def create(
        self, url: URL, **_: object
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, self._writer = await asyncio.open_connection(url.host, url.port, ssl=self._tls)
        return reader, self._writer

    def abort(self) -> None:
        if self._writer:
            self._writer.transport.abort()
