"""A real HTTP server on loopback, with troubles on demand, that simulated vendors are built on."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httptools

from tests.simulators.troubles import Broken, Cut, Huge, Instead, Lost, Reply, Silent, Trouble

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Simulator(ABC):
    """One vendor. Use it as a context manager: it listens between the two.

    `calls` are all requests, in order. Subclasses answer them in `answer`, keep what they took,
    and say by which `credentials` and `address` they can be used.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.base_url = ""
        self._troubles: deque[Trouble] = deque()
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """What the vendor does and says."""

    def is_send(self, call: Call) -> bool:
        """Whether the call wants something sent; only such calls meet troubles."""
        return call.method == "POST"

    def fail_next(self, *troubles: Trouble) -> None:
        """The next calls that want something sent meet these, one each."""
        self._troubles.extend(troubles)

    async def until(self, holds: Callable[[], bool], *, seconds: float = 10) -> None:
        """Wait until `holds`, looked at after every call; TimeoutError when it never does."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(holds)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self._closing.set()
        for writer in tuple(self._writers):
            writer.close()
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: not self._writers)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async for call in _calls(reader):
                await self._meet(call, writer)
                if writer.is_closing():
                    break
        except ConnectionError:
            pass  # the client left: its right
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._writers.discard(writer)
            await self._tell()

    async def _meet(self, call: Call, writer: asyncio.StreamWriter) -> None:
        self.calls.append(call)
        trouble = self._troubles.popleft() if self._troubles and self.is_send(call) else None
        match trouble:
            case None:
                writer.write(_written(self.answer(call)))
            case Instead() as instead:
                writer.write(_written(self._said_instead(instead, call)))
            case Broken(raw):
                writer.write(raw)
                writer.close()
            case Silent():
                await self._tell()
                await self._closing.wait()
            case Lost():
                self.answer(call)
                writer.transport.abort()
            case Cut(reply, hangs_up):
                own = self.answer(call)
                writer.write(_written(reply or own)[:-3])
                await self._leave(writer, hangs_up=hangs_up)
            case Huge(size_bytes):
                await _pour(writer, size_bytes)
        await self._tell()

    def _said_instead(self, instead: Instead, call: Call) -> Reply:
        if instead.is_taken:
            self.answer(call)
        return instead.reply

    async def _leave(self, writer: asyncio.StreamWriter, *, hangs_up: bool) -> None:
        if hangs_up:
            writer.close()
        else:
            await self._tell()
            await self._closing.wait()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@dataclass
class _Collector:
    """What httptools calls while it reads; finished requests wait in `ready`."""

    ready: deque[Call] = field(default_factory=deque)
    parser: Any = None
    path: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def on_message_begin(self) -> None:
        self.path, self.headers, self.body = b"", {}, b""

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode()
        self.ready.append(Call(method, self.path.decode(), self.headers, self.body))


async def _calls(reader: asyncio.StreamReader) -> AsyncIterator[Call]:
    collector = _Collector()
    collector.parser = httptools.HttpRequestParser(collector)
    while data := await reader.read(CHUNK):
        collector.parser.feed_data(data)
        while collector.ready:
            yield collector.ready.popleft()


def _written(reply: Reply) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
        f"content-length: {len(reply.body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body


async def _pour(writer: asyncio.StreamWriter, size_bytes: int) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {size_bytes}\r\n\r\n".encode())
    for _ in range(size_bytes // CHUNK):
        writer.write(b"x" * CHUNK)
        await writer.drain()


def json_reply(status: int, body: Any, **headers: str) -> Reply:
    """A reply in JSON; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json", **named})
