"""A connection that nobody uses is ended by who asks, not by who answers."""

import asyncio
import socket
from typing import Any

from sendwell.adapters.http.limits import Limits
from sendwell.runtime.server.serving import IDLE_SECONDS, Server

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
UVICORNS_OWN_SECONDS = 5


async def no_content(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def test_our_server_keeps_an_idle_connection_longer_than_our_client_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(no_content, listener)
        await server.start()
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(REQUEST)
        first = await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(UVICORNS_OWN_SECONDS + 1)
        writer.write(REQUEST)
        second = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await server.stop()

    assert first.startswith(b"HTTP/1.1 204")
    assert second.startswith(b"HTTP/1.1 204")
    assert Limits().idle.total_seconds() < IDLE_SECONDS
