"""What is refused before it was read is answered all the same, on real connections."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from sendwell.runtime.server.guarded_protocol import GuardedProtocol
from sendwell.runtime.server.lingering import MOST_BYTES

BODY = bytes(5_000_000)
"""More than any kernel keeps for a connection."""
PATIENCE = 60
HTTP_1_0 = b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n"


class House:
    """A server that refuses everything unread."""

    def __init__(self) -> None:
        self.state = ServerState()
        self.port = 0
        self._config = Config(self.refuse, log_config=None, lifespan="off", interface="asgi3")
        self._config.load()

    async def refuse(self, _: Any, __: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})

    def serve(self) -> GuardedProtocol:
        return GuardedProtocol(self._config, self.state, {})

    def ask(self, **headers: str) -> tuple[int, bytes]:
        client = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(client):
            client.request("POST", "/", BODY, headers)
            answer = client.getresponse()
            return answer.status, answer.read()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    server = await asyncio.get_running_loop().create_server(house.serve, "127.0.0.1", 0)
    house.port = server.sockets[0].getsockname()[1]
    yield house
    async with asyncio.timeout(PATIENCE):
        while house.state.connections:
            await asyncio.sleep(0.01)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
async def test_a_client_that_is_still_sending_gets_its_answer(
    house: House, connection: str
) -> None:
    answer = await asyncio.to_thread(house.ask, Connection=connection)

    assert (413, b"no") == answer


async def test_a_client_of_http_1_0_gets_its_answer_and_then_the_end(house: House) -> None:
    def ask() -> bytes:
        with house.connect() as client:
            client.sendall(HTTP_1_0 % len(BODY) + BODY)
            return client.makefile("rb").read()

    answer = await asyncio.to_thread(ask)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\nno")


async def test_who_goes_on_sending_for_ever_is_cut_off(house: House) -> None:
    def send() -> None:
        with house.connect() as client:
            client.sendall(HTTP_1_0 % (100 * MOST_BYTES))
            for _ in range(10 * MOST_BYTES // len(BODY)):
                client.sendall(BODY)

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        await asyncio.to_thread(send)
