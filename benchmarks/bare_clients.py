"""The barest HTTP and SMTP clients: keep-alive connections and no judgement.

They are the floor's; the product has clients of its own with time-outs, TLS and errors told apart.
"""

import asyncio
from collections import deque
from typing import Self, cast

from benchmarks.http_stream import Messages, status


class _Wire(asyncio.Protocol):
    """A connection whose answers come in the order of the questions."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport
        self._asked: deque[asyncio.Future[None]] = deque()

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        _, made = await asyncio.get_running_loop().create_connection(cls, host, port)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        while self._asked:
            self._answered(is_good=False, answer=f"connection lost: {exc}".encode())

    def _question(self) -> asyncio.Future[None]:
        self._asked.append(asyncio.get_running_loop().create_future())
        return self._asked[-1]

    def _answered(self, *, is_good: bool, answer: bytes) -> None:
        asked = self._asked.popleft()
        if asked.done():
            return
        if is_good:
            asked.set_result(None)
        else:
            asked.set_exception(ConnectionError(answer.decode(errors="replace")))


class BareHttp(_Wire):
    """One request at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = Messages()

    async def post(self, path: str, body: bytes, key: bytes) -> None:
        self._transport.write(
            b"POST %s HTTP/1.1\r\nhost: sink\r\ncontent-type: application/json\r\n"
            b"webhook-id: %s\r\ncontent-length: %d\r\n\r\n%s"
            % (path.encode(), key, len(body), body)
        )
        await self._question()

    def data_received(self, data: bytes) -> None:
        for head, _ in self._answers.feed(data):
            self._answered(is_good=status(head) == 200, answer=head)


class BareSmtp(_Wire):
    """Pipelines (RFC 2920): the next mail's envelope leaves with this mail's body, one round trip a
    mail. Several callers share a connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines = b""
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._open: deque[bytes] = deque()
        """Bodies of mails whose envelope has left, the oldest first."""
        self._is_body_out = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport.write(b"EHLO bench.test\r\n")

    async def send(self, sender: bytes, recipient: bytes, mail: bytes) -> None:
        envelope = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (sender, recipient)
        self._waiting.append((envelope, mail.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n"))
        if not self._open and not self._is_body_out:
            self._transport.write(self._next_envelope())
        await self._question()

    def _next_envelope(self) -> bytes:
        if not self._waiting:
            return b""
        envelope, body = self._waiting.popleft()
        self._open.append(body)
        return envelope

    def data_received(self, data: bytes) -> None:
        *lines, self._lines = (self._lines + data).split(b"\r\n")
        for line in lines:
            if line.startswith(b"354"):
                self._is_body_out = True
                self._transport.write(self._open.popleft() + self._next_envelope())
            elif line.startswith(b"250 2.0.0"):
                self._taken()
            elif line[:1] in b"45":
                self._answered(is_good=False, answer=line)

    def _taken(self) -> None:
        self._is_body_out = False
        self._answered(is_good=True, answer=b"")
        if self._waiting and not self._open:
            self._transport.write(self._next_envelope())
