"""uvicorn's HTTP protocol for clients that may mean harm: what it leaves open is closed here.

Its parser takes heads of any length, its protocol adds trailers to the headers that were judged
already, and neither of them ever tires of a request that does not end, nor of a client that does
not read. And of a request that asks for another protocol (`Upgrade`) the body would be read as the
next request: that is how requests are smuggled past a proxy, and how Java's own client, which asks
for HTTP/2 in this way with its first POST, would never get one through.
"""

import asyncio
from functools import partial
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from sendwell.runtime.server import connections
from sendwell.runtime.server.lingering import LastAnswer, linger
from sendwell.runtime.server.problems import Problem
from sendwell.runtime.server.unread import unread_bytes

MOST_HEAD_BYTES = 64 * 1024
"""Between two pieces of bodies: heads, trailers, and extensions of chunks."""
MOST_HEADERS = 256
LONGEST_TARGET = 8 * 1024
PATIENCE_SECONDS = 20.0
LEAST_BYTES = 8 * 1024
"""Of a request or an answer that is under way, in each of these times."""

_CONNECT = b"CONNECT"


class Refused(Exception):
    """Nothing more is read from this client."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.problem = Problem(status, code, why)


class GuardedProtocol(HttpToolsProtocol):
    """One connection. A request to upgrade is served as if it did not ask (RFC 9110, 7.8)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._silent = 0
        self._has_begun = False
        self._has_head = False
        self._upgrading: bytes | None = None
        self._is_owed = True
        self._was_owed = False
        self._brought = 0
        self._unread = 0
        self.alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, but not for ever; not at all where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > connections.most_connections():
            transport.abort()
            return
        self.alarm = self.loop.call_later(PATIENCE_SECONDS, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody has to look any more."""
        super().connection_lost(exc)
        if self.alarm is not None:
            self.alarm.cancel()

    def resume_writing(self) -> None:
        """The client has taken most of what was written."""
        super().resume_writing()
        self._unread = 0

    def look(self) -> None:
        """End what comes too slowly, or is taken too slowly; look again later."""
        unread = unread_bytes(self.transport)
        if unread and 0 < self._unread < unread + LEAST_BYTES:
            self.transport.abort()  # to close it would wait for this client
            return
        is_slow = self._is_owed and self._was_owed and self._brought < LEAST_BYTES
        if is_slow and not self.flow.read_paused:
            self._end_waiting()
        self._was_owed, self._brought, self._unread = self._is_owed, 0, unread
        self.alarm = self.loop.call_later(PATIENCE_SECONDS, self.look)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it is worth it."""
        self._unset_keepalive_if_required()
        self._silent += len(data)
        self._brought += len(data)
        rest: bytes | None = data
        try:
            while rest is not None:
                rest = self._feed(rest)
        except HttpParserError as error:
            cause = error.__context__
            malformed = Refused(400, "bad_request", "This is not HTTP/1.1.")
            self._refuse(cause if isinstance(cause, Refused) else malformed)
            return
        if self._silent > MOST_HEAD_BYTES:
            self._refuse(
                Refused(431, "too_large", f"A head may have at most {MOST_HEAD_BYTES} bytes.")
            )

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._has_begun, self._has_head = True, False
        if not self._is_owed:
            self._is_owed, self._was_owed = True, False

    def on_url(self, url: bytes) -> None:
        """Keep a piece of the target."""
        super().on_url(url)
        if len(self.url) > LONGEST_TARGET:
            raise Refused(414, "too_large", f"A URL may have at most {LONGEST_TARGET} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but no trailer: who asks was judged without it (RFC 9110, 6.5.1)."""
        if self._has_head:
            return
        if len(self.headers) >= MOST_HEADERS:
            raise Refused(431, "too_large", f"A request may have at most {MOST_HEADERS} headers.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, if this is how the request is to be read."""
        if not self.parser.should_upgrade():
            self._has_head = True
            self.on_head()
        elif self.parser.get_method() == _CONNECT:
            raise Refused(400, "bad_request", "This is not a proxy.")
        else:
            self._upgrading = self._plain_head()

    def on_head(self) -> None:
        """Begin to answer."""
        super().on_headers_complete()
        if not self.cycle.keep_alive:
            last = LastAnswer(self.transport, partial(self._end_with, self.cycle))
            self.cycle.transport = last  # type: ignore[assignment] # all that the cycle asks of it

    def on_body(self, body: bytes) -> None:
        """A piece of the body is here."""
        self._silent = 0
        self.on_piece(body)

    def on_piece(self, body: bytes) -> None:
        """Keep a piece of the body."""
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        if self._upgrading is None:
            self._silent, self._is_owed = 0, False
            self.on_whole()

    def on_whole(self) -> None:
        """The request is here, and is this one."""
        super().on_message_complete()

    def _end_with(self, cycle: RequestResponseCycle) -> None:
        is_still_coming = cycle is self.cycle and self._is_owed
        if not is_still_coming or self.transport.is_closing():
            self.transport.close()
            return
        self._is_owed = False
        cycle.on_response = _serve_nothing_more
        self.flow.resume_reading()
        linger(self.transport, self)

    def _end_waiting(self) -> None:
        if not self._has_begun:
            self.transport.close()  # opened ahead of need: an answer would be taken for the next's
        else:
            self._refuse(Refused(408, "bad_request", "The request did not come in time."))

    def _feed(self, data: bytes) -> bytes | None:
        """Give it to the parser; gives what is to be read after a request that asked to upgrade."""
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            head, self._upgrading = self._upgrading or b"", None
            return head + data[upgrade.args[0] :]
        return None

    def _plain_head(self) -> bytes:
        version = self.parser.get_http_version().encode()
        first = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)
        kept = (field for field in self.headers if field[0] != b"upgrade")
        return b"%b%b\r\n" % (first, b"".join(b"%b: %b\r\n" % field for field in kept))

    def _refuse(self, refused: Refused) -> None:
        if self.transport.is_closing():
            return
        answer = refused.problem
        fields = (*self.server_state.default_headers, *answer.whole_headers)
        lines = [STATUS_LINE[answer.status], *(b"%b: %b\r\n" % field for field in fields)]
        lines += b"connection: close\r\n\r\n", answer.body
        self.transport.write(b"".join(lines))
        self.transport.close()


def _serve_nothing_more() -> None:
    pass
