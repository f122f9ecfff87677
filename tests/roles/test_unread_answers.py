"""Clients that do not read what they asked for, on real connections."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from sendwell.runtime.server.guarded_protocol import GuardedProtocol

MANY_BYTES = 20_000_000
"""More than any kernel keeps for a connection."""
WINDOW_BYTES = 4096
SOME_BYTES = 100_000
PATIENCE = 20


class House:
    """A server with one connection to a client that reads when the test says so."""

    def __init__(self) -> None:
        self.made: asyncio.Future[GuardedProtocol] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        self.client = socket.socket()
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
        self.client.setblocking(False)
        self._config = Config(self.answer, log_config=None, lifespan="off", interface="asgi3")
        self._config.load()

    async def answer(self, _: Any, __: Any, send: Any) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": []}
        body = {"type": "http.response.body", "body": bytes(MANY_BYTES), "more_body": True}
        for message in (start, body, {"type": "http.response.body", "body": b""}):
            await send(message)
        self.gone.set()

    def serve(self) -> GuardedProtocol:
        protocol = GuardedProtocol(self._config, ServerState(), {})
        self.made.set_result(protocol)
        return protocol

    async def ask(self) -> GuardedProtocol:
        """The connection, when all that fits between the two is on its way."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.client, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await self.read(WINDOW_BYTES)
        return await self.made

    async def read(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        while number > 0:
            piece = await loop.sock_recv(self.client, WINDOW_BYTES)
            assert piece, "the server has closed the connection"
            number -= len(piece)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    async with asyncio.timeout(PATIENCE):
        server = await asyncio.get_running_loop().create_server(house.serve, "127.0.0.1", 0)
        await asyncio.get_running_loop().sock_connect(house.client, server.sockets[0].getsockname())
        yield house
        house.client.close()
        server.close()
        await server.wait_closed()


async def test_a_client_that_does_not_read_does_not_keep_its_connection(house: House) -> None:
    connection = await house.ask()

    connection.look()
    connection.look()

    async with asyncio.timeout(PATIENCE):
        await house.gone.wait()
    assert connection.transport.get_write_buffer_size() == 0


async def test_a_client_that_reads_slowly_keeps_its_connection(house: House) -> None:
    connection = await house.ask()

    for _ in range(5):
        connection.look()
        await house.read(SOME_BYTES)

    assert not connection.transport.is_closing()
    assert not house.gone.is_set()
