"""uvicorn's HTTP protocol with a short way for the hot calls.

Measured with a gateway that accepts at once: 80 us of CPU for a call through ASGI and the
framework's request and response, 33 this way, of which 8 are the kernel's. A hot call goes from the
parser to its endpoint and back in one task and one write. Only the simple case goes this way; all
else goes uvicorn's way, to the same endpoint, and is answered the same byte by byte.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from sendwell.runtime.server.call_route import CallRoute
from sendwell.runtime.server.calls import Call, Header, Reply
from sendwell.runtime.server.guarded_protocol import GuardedProtocol
from sendwell.runtime.server.problems import answered
from sendwell.runtime.server.stamp import Stamp

_NOT_SIMPLE = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"content-encoding"})


@dataclass(frozen=True, slots=True)
class Hot:
    """The hot routes by method and target, and the stamp of their answers."""

    routes: Mapping[tuple[bytes, bytes], CallRoute]
    stamp: Stamp

    @classmethod
    def of(cls, routes: Iterable[CallRoute], stamp: Stamp) -> Self:
        """The table of these routes."""
        return cls({(each.method.encode(), each.path.encode()): each for each in routes}, stamp)


class Flight:
    """A hot call from its headers to its answer.

    Stands in for uvicorn's cycle of request and response, as far as uvicorn's protocol looks at
    that from outside.
    """

    __slots__ = ("chunks", "disconnected", "headers", "keep_alive", "response_complete", "route")

    message_event: ClassVar = asyncio.Event()
    """Set when the connection is lost; nobody waits for it."""

    def __init__(self, route: CallRoute, headers: list[Header], *, keep_alive: bool) -> None:
        self.route = route
        self.headers = headers
        self.chunks: list[bytes] = []
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False

    async def reply(self) -> Reply:
        """What the endpoint says, once all of the body is here."""
        body = b"".join(self.chunks)
        self.chunks.clear()  # this outlives the call, as the cycle of an idle connection
        call = Call(self.route.method, self.route.path, self.headers, body=body)
        return await answered(call, self.route.answer)


class HotProtocol(GuardedProtocol):
    """One connection.

    Hot calls are neither written to uvicorn's access log nor counted by its limit_concurrency;
    `Server` uses neither.
    """

    def __init__(self, *args: Any, hot: Hot, **options: Any) -> None:
        super().__init__(*args, **options)
        self._hot = hot
        self._arriving: Flight | None = None

    def on_head(self) -> None:
        """Decide which way this request goes."""
        route = self._hot.routes.get((self.parser.get_method(), self.url))
        if route is None or not self._is_simple():
            super().on_head()
            return
        keep_alive = self.parser.should_keep_alive()
        self._arriving = Flight(route, self.headers, keep_alive=keep_alive)
        self.cycle = self._arriving  # type: ignore[assignment] # see Flight

    def on_piece(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._arriving is None:
            super().on_piece(body)
        else:
            self._arriving.chunks.append(body)

    def on_whole(self) -> None:
        """Begin to answer."""
        flight, self._arriving = self._arriving, None
        if flight is None:
            super().on_whole()
            return
        task = self.loop.create_task(self._answer(flight))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _is_simple(self) -> bool:
        """Nothing else is under way here, and the body comes as it is and is small.

        Small, because it is held before anybody has looked at the caller's key; uvicorn's way
        stops reading at this size until the endpoint asks for more.
        """
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is not None and not cycle.response_complete:
            return False
        length = b""
        for name, value in self.headers:
            if name in _NOT_SIMPLE:
                return False
            if name == b"content-length":
                length = value
        is_small = length.isdigit() and int(length) <= HIGH_WATER_LIMIT
        return is_small and self.parser.get_http_version() == "1.1"

    async def _answer(self, flight: Flight) -> None:
        try:
            reply = await flight.reply()
            if self.flow.write_paused:
                await self.flow.drain()
            if not (flight.disconnected or self.transport.is_closing()):
                self._write(flight, reply)
        except BaseException:  # cut off at the end of the drain: what is owed here is unknown
            self.transport.close()
            raise

    def _write(self, flight: Flight, reply: Reply) -> None:
        stamp = self._hot.stamp(flight.headers)
        reply = reply.of_request(flight.route.path, stamp[0][1])
        lines = [STATUS_LINE[reply.status]]
        for headers in (
            self.server_state.default_headers,
            reply.whole_headers,
            stamp,
        ):
            for name, value in headers:
                lines += name, b": ", value, b"\r\n"
        lines += b"\r\n" if flight.keep_alive else b"connection: close\r\n\r\n", reply.body
        self.transport.write(b"".join(lines))
        flight.response_complete = True
        if not flight.keep_alive:
            self.transport.close()
        self.on_response_complete()
