"""Servers on loopback that say exactly what a test's script wants, right or wrong."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PATIENCE = 10.0
"""Seconds after which a test that waits for something gives up."""


@dataclass
class Talk:
    """One connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes]

    async def hear(self) -> bytes | None:
        """The next request, head and body, as it came; None when the client has hung up."""
        try:
            request = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        length = request.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        request += await self.reader.readexactly(int(length or 0))
        self.requests.append(request)
        return request

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_gone(self) -> None:
        """Read until the client has hung up."""
        while await self.reader.read(1 << 16):
            pass

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Script = Callable[[Talk], Awaitable[None]]


@dataclass
class Server:
    """What a test may ask about a server that is running."""

    port: int = 0
    scheme: str = "http"
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    peak: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds`, looked at whenever a connection begins or ends."""
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(holds)

    async def count(self, step: int) -> None:
        async with self.changed:
            self.connections += max(step, 0)
            self.open += step
            self.peak = max(self.peak, self.open)
            self.changed.notify_all()


@asynccontextmanager
async def serving(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Server]:
    """A server that runs the script for each connection, until the end of the block."""
    server = Server(scheme="https" if tls else "http")
    running: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.count(1)
        try:
            await script(Talk(reader, writer, server.requests))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # clients hang up in the middle here, and tests end before scripts
        finally:
            writer.transport.abort() if tls else writer.close()
            await server.count(-1)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(converse(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    listener = await asyncio.start_server(connected, host, port, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tuple(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await listener.wait_closed()


def ok(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A complete answer."""
    lines = (b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *fields)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def saying(*answers: bytes) -> Script:
    """Answer each request on a connection with the next of these, the last one again and again."""

    async def script(talk: Talk) -> None:
        left = list(answers)
        while await talk.hear() is not None:
            await talk.say(left.pop(0) if len(left) > 1 else left[0])

    return script


def saying_once(*pieces: bytes) -> Script:
    """Answer one request, piece by piece, and close the connection."""

    async def script(talk: Talk) -> None:
        await talk.hear()
        for piece in pieces:
            await talk.say(piece)

    return script


async def silence(talk: Talk) -> None:
    """Hear one request and never answer."""
    await talk.hear()
    await talk.until_gone()


def pieces(data: bytes, size: int) -> Sequence[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]
