"""Bytes on a socket, and replies out of them."""

import asyncio
import ssl
from typing import NamedTuple, Protocol, cast

FAREWELL = 2.0
"""Seconds that TLS may take to say goodbye."""

_LONGEST_REPLY = 64 * 1024
"""RFC 5321 asks for lines of 512 octets; nobody has a reason for more than this."""

DONE = range(200, 300)
GO_ON = range(300, 400)
"""What codes mean by their first digit; 4xx is not now, 5xx never (RFC 5321 section 4.2.1)."""

_CODES = {str(code).encode(): code for code in range(200, 600)}


class Reply(NamedTuple):
    """One answer of the relay. `text` holds its lines without their codes, with LF between them;
    each may still end in CR.
    """

    code: int
    text: bytes


class ProtocolError(ConnectionError):
    """The relay said something that SMTP does not allow at this point."""


class Listener(Protocol):
    """Who is told what the relay says."""

    def replied(self, reply: Reply) -> None:
        """One complete reply has come."""

    def ended(self, error: OSError) -> None:
        """The connection is closed. Told once, and nothing after it."""


class Wire(asyncio.Protocol):
    """A connection that tells its listener each reply, in order."""

    transport: asyncio.Transport

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0
        """Of the reply whose last line is not here: all that came, for a line may say nothing."""
        self._is_over = False
        self._error: OSError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._is_over:
                return
            if line[3:4] == b"-":
                self._lines.append(line[4:])
                self._size += len(line) + 1
            else:
                self._size = 0
                self._tell(line)
        if len(self._rest) + self._size > _LONGEST_REPLY:
            self.fail(ProtocolError("a reply without end"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._error = self._error or ConnectionError(exc or "closed by the relay")
        self.listener.ended(self._error)

    def write(self, data: bytes) -> None:
        """Hand bytes to the connection, if there still is one."""
        if not self._is_over:
            self.transport.write(data)

    def fail(self, error: OSError) -> None:
        """Drop the connection; what comes in no longer counts, and the listener is told `error`."""
        if not self._is_over:
            self._is_over, self._error = True, error
            self.transport.abort()

    def hang_up(self) -> None:
        """Close the connection once all is written; what comes in no longer counts."""
        self._is_over = True
        self.transport.close()

    def refuse_leftovers(self) -> None:
        """Raise ProtocolError if there are bytes that belong to no reply, or what ended it."""
        if self._rest or self._lines or self._is_over:
            raise self._error or ProtocolError("it sent bytes that nobody asked for")

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on over TLS with a relay that has proven to be `host`."""
        transport = await asyncio.get_running_loop().start_tls(
            self.transport,
            self,
            context,
            server_hostname=host,
            ssl_shutdown_timeout=FAREWELL,
        )
        if transport is None:
            raise ConnectionError("TLS ended as soon as it began")
        self.transport = transport

    def _tell(self, line: bytes) -> None:
        code = _CODES.get(line[:3])
        if code is None:
            self.fail(ProtocolError("it sent a line that is no reply"))
            return
        text = line[4:]
        if self._lines:
            text = b"\n".join([*self._lines, text])
            self._lines.clear()
        self.listener.replied(Reply(code, text))
