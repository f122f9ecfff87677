"""A bare connection to the product: bytes in, bytes out."""

import asyncio
import re
import socket
import struct
from collections.abc import Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.acceptance.product import Product

ONE = "/api/v1/notifications"
MANY = "/api/v1/notifications/batch"
_TCP_INFO = 11


class Answer(NamedTuple):
    """An answer as it came: its status, and all of its bytes but the date."""

    status: int
    raw: bytes

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


class Line:
    """A bare connection to the product."""

    def __init__(self, product: Product) -> None:
        place = urlsplit(product.url)
        assert place.hostname
        assert place.port
        self._place = (place.hostname, place.port)
        self._key = product.key

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._place)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    def post(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        path: str = ONE,
        is_chunked: bool = False,
    ) -> bytes:
        """A request with the product's key; headers given here replace the usual ones."""
        lines = {
            "Host": "here",
            "Authorization": f"Bearer {self._key}",
            "X-Request-ID": "r-1",
            **({"Transfer-Encoding": "chunked"} if is_chunked else {}),
            **({} if is_chunked else {"Content-Length": str(len(body))}),
            **(headers or {}),
        }
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items())
        return head.encode() + b"\r\n" + (_chunks(body) if is_chunked else body)

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def arrived(self) -> None:
        """What was written is with the system, in a packet of its own."""
        await self._writer.drain()
        await asyncio.sleep(0)

    async def answer(self) -> Answer:
        async with asyncio.timeout(15):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            body = await self._reader.readexactly(int(length[1]) if length else 0)
        undated = re.sub(rb"date: [^\r]*\r\n", b"", head, count=1)
        return Answer(int(head.split()[1]), undated + body)

    def packets(self) -> int:
        """How many packets with data have come (Linux: tcp_info.tcpi_data_segs_in)."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        (number,) = struct.unpack_from("I", raw.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 192), 152)
        return int(number)

    async def ends(self) -> bool:
        """Whether the server closes now, without another byte."""
        async with asyncio.timeout(15):
            return await self._reader.read(1) == b""

    def reset(self) -> None:
        """Go away without a word."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _chunks(body: bytes) -> bytes:
    halves = (body[: len(body) // 2], body[len(body) // 2 :])
    return b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves if half) + b"0\r\n\r\n"
