"""One kept-alive connection: an exchange at a time, and idle in between."""

import asyncio
import select
import sys
from asyncio import AbstractEventLoop, Future, TimerHandle
from collections.abc import Callable, Container
from typing import Protocol, cast

from sendwell.adapters.http.fault import Code, Peer
from sendwell.adapters.http.keep_alive import idle_seconds
from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.reader import Garbled, Reader
from sendwell.adapters.http.verdict import decides_alone, is_in_doubt
from sendwell.domain.outcome import Deferred, Unknown
from sendwell.ports.http import HttpAnswer

Reply = HttpAnswer | Deferred | Unknown


class Home(Protocol):
    """Where a connection belongs."""

    def idles(self, connection: "Connection") -> None:
        """Its exchange is over and another one may follow."""
        ...

    def failed(self, connection: "Connection") -> None:
        """It must not be used again."""
        ...

    def left(self, connection: "Connection") -> None:
        """It is closed, and nothing more will come from it."""
        ...


class Connection(asyncio.Protocol):
    """Sends a request, then waits for its answer, its end or its deadline.

    One timer serves all deadlines and the idle time, armed anew only when it fires: a fast
    exchange costs no timer at all.
    """

    __slots__ = (
        "_alarm",
        "_due",
        "_enough",
        "_has_news",
        "_home",
        "_idle_seconds",
        "_is_unwritten",
        "_loop",
        "_peer",
        "_reader",
        "_reply",
        "_transport",
        "is_open",
    )

    def __init__(self, home: Home, peer: Peer, limits: Limits) -> None:
        self._home = home
        self._peer = peer
        self._idle_seconds = limits.idle.total_seconds()
        self._reader = Reader(limits)
        self._reply: Future[Reply] | None = None
        self._alarm: TimerHandle | None = None
        self._due = 0.0
        self._enough: Container[int] = ()
        self._is_unwritten = False
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._loop: AbstractEventLoop = asyncio.get_running_loop()
        self._transport = cast("asyncio.Transport", transport)
        # So that `pause_writing` tells what the socket does not take. Not 0: asyncio's TLS
        # compares with >= and would always be paused.
        self._transport.set_write_buffer_limits(high=1)
        self._has_news = _news(self._transport)
        self.is_open = True

    def pause_writing(self) -> None:
        self._is_unwritten = True

    def resume_writing(self) -> None:
        self._is_unwritten = False

    def is_fit(self) -> bool:
        """Of an idle one: whether it is open as far as the machine knows at this moment.

        The end of a connection that the loop has not looked at yet counts; so does anything else
        to read, because nobody has asked for it.
        """
        return self.is_open and not self._has_news()

    def send(
        self, wire: bytes, deadline: float, *, is_head: bool, enough: Container[int] = ()
    ) -> Future[Reply] | None:
        """Write a request to an idle connection; the reply comes before the loop's `deadline`.

        Of an answer whose status is `enough` the reply is what has come of it, if it breaks off.
        None: the connection turned out dead, and no complete request has left the machine.
        """
        if not self.is_open:
            return None
        self._reader.expect(is_head=is_head)
        self._enough = enough
        self._wake_by(deadline)
        self._transport.write(wire)
        if self._transport.is_closing():
            self.abort()
            return None
        self._reply = self._loop.create_future()
        return self._reply

    def abort(self) -> None:
        """Close at once. A reply that somebody still waits for does not come."""
        if self.is_open:
            self.is_open = False
            self._home.failed(self)
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._reply is None:
            self.abort()  # nobody has asked
            return
        try:
            self._reader.feed(data)
        except Garbled as garbled:
            self._give_up(Code.BAD_ANSWER, f"sent {garbled}")
            return
        if self._reader.is_complete:
            self._finish(self._reply)

    def eof_received(self) -> None:
        self._end(is_orderly=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(is_orderly=exc is None)
        if self._alarm:
            self._alarm.cancel()
        self._home.left(self)

    def _end(self, *, is_orderly: bool) -> None:
        if self._reply and is_orderly and self._reader.end():
            self._finish(self._reply)
        elif self._reply:
            self._give_up(Code.BROKEN, "broke the connection before it had answered")
        else:
            self.abort()

    def _finish(self, reply: Future[Reply]) -> None:
        self._reply = None
        may_stay = self.is_open and self._reader.keeps_alive and not self._is_unwritten
        answer = self._reader.take()
        seconds = idle_seconds(answer.headers, at_most=self._idle_seconds)
        if may_stay and seconds > 0:
            self._wake_by(self._loop.time() + seconds)
            self._home.idles(self)
        else:
            self.abort()
        if not reply.done():
            reply.set_result(self._meant(answer))

    def _give_up(self, code: Code, what: str) -> None:
        self.abort()
        reply, self._reply = self._reply, None
        if reply is None or reply.done():
            return
        fault = self._peer.fault(code, what)
        if decides_alone(self._reader.status):
            reply.set_result(self._meant(self._reader.take()))
        elif self._is_unwritten:
            reply.set_result(Deferred(fault))
        elif self._reader.status in self._enough:
            reply.set_result(self._reader.take())
        else:
            reply.set_result(Unknown(fault))

    def _meant(self, answer: HttpAnswer) -> Reply:
        """What is in doubt of a whole request is certain of half of one: nobody has taken that."""
        if self._is_unwritten and is_in_doubt(answer.status):
            return Deferred(self._peer.fault(Code.SERVER_ERROR, f"answered {answer.status}"))
        return answer

    def _wake_by(self, due: float) -> None:
        self._due = due
        if self._alarm and due < self._alarm.when():
            self._alarm.cancel()
            self._alarm = None
        if not self._alarm:
            self._alarm = self._loop.call_at(due, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        if self._loop.time() < self._due:
            self._wake_by(self._due)
        elif self._reply:
            self._give_up(Code.TIMEOUT, "did not answer in time")
        else:
            self.abort()


def _news(transport: asyncio.Transport) -> Callable[[], bool]:
    """Whether there is something to read that the loop has not looked at yet (0.4 µs)."""
    if sys.platform == "win32":
        return lambda: False  # there is no poll; the loop will tell a little later
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return lambda: bool(poll.poll(0))
