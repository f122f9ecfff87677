"""An endpoint for webhooks: POST /<serial>/<recipient>, and /gone/… which never takes anything."""

import asyncio

from benchmarks.http_stream import header, target
from tests.chaos.clock import now
from tests.chaos.evidence import Call
from tests.chaos.sinks.sink import Sink, Temper

_END = b"\r\n\r\n"
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_GONE = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"
_NOT_NOW = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
)


class WebhookSink(Sink):
    """Knows a repetition by its `webhook-id`."""

    def url(self, serial: int, recipient: int, *, is_gone: bool) -> str:
        """Where one recipient of one request is reached."""
        where = "/gone" if is_gone else ""
        return f"http://127.0.0.1:{self.port}{where}/{serial}/{recipient}"

    async def converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connected_at: int
    ) -> None:
        while not writer.is_closing():
            head = (await reader.readuntil(_END)).removesuffix(_END)
            await reader.readexactly(int(header(head, b"content-length") or 0))
            *where, serial, recipient = target(head).decode().split("/")
            call = Call(
                serial=int(serial),
                part=f"{recipient}.webhook",
                key=(header(head, b"webhook-id") or b"").decode(),
                connected_at=connected_at,
                at=now(),
                is_taken=False,
            )
            is_gone = "gone" in where
            await self.meet(
                writer,
                call,
                answer=_TAKEN,
                refusal=_GONE if is_gone else self.chance.choice(_NOT_NOW),
                temper=Temper.REFUSE if is_gone else None,
            )
