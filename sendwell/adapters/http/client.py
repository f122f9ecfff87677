"""The one outgoing HTTP client."""

import asyncio
import ssl
from typing import NamedTuple

from sendwell.adapters.http.fault import STOPPING, Code
from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.policy import Policy
from sendwell.adapters.http.pools import Pools
from sendwell.adapters.http.streams import Streams
from sendwell.adapters.http.target import Origin, locate
from sendwell.adapters.http.verdict import judge
from sendwell.adapters.http.wire import write
from sendwell.domain.errors import Invalid
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused, Unknown
from sendwell.ports.clock import Clock
from sendwell.ports.http import HttpAnswer, HttpRequest, HttpStream


class HttpClient:
    """The ports Http and Passage over HTTP/1.1, for one policy and one event loop.

    Beyond the ports: a request is written at most once, unless the write itself failed on a
    connection that had been idle. A server's answer of 408, 425, 429 or 5xx counts from its
    status on, even if its body never comes. While more exchanges than connections go to one
    host, they are served in the order of coming, and waiting counts towards the time-out.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        clock: Clock,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._pools = Pools(policy, limits or Limits(), tls)
        self._streams = Streams(policy, limits or Limits(), self._pools.context)

    async def exchange(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        deadline = _deadline_of(request)
        written = self._write(request)
        if not isinstance(written, _Written):
            return written
        pool = self._pools.of(written.origin)
        is_head = request.method == "HEAD"
        reply = await pool.exchange(written.wire, deadline, is_head=is_head, enough=request.enough)
        if isinstance(reply, HttpAnswer):
            return judge(reply, pool.peer, self._clock, interprets=request.interprets)
        return reply

    async def hand_on(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        deadline = _deadline_of(request)
        written = self._write(request)
        if not isinstance(written, _Written):
            return written
        pool = self._pools.of(written.origin)
        return await pool.exchange(written.wire, deadline, is_head=request.method == "HEAD")

    async def follow(self, request: HttpRequest) -> HttpStream | Deferred | Refused | Unknown:
        deadline = _deadline_of(request)
        written = self._write(request)
        if not isinstance(written, _Written):
            return written
        is_head = request.method == "HEAD"
        return await self._streams.begin(written.origin, written.wire, deadline, is_head=is_head)

    def end_streams(self) -> None:
        self._streams.end()

    async def close(self) -> None:
        self._streams.end()
        await self._pools.close()

    def _write(self, request: HttpRequest) -> "_Written | Deferred | Refused":
        try:
            target = locate(request.url)
        except Invalid as flaw:
            return _malformed(flaw, self._policy.blame)
        try:
            wire = write(request, target)
        except Invalid as flaw:
            return _malformed(flaw, Blame.US)
        if self._pools.is_closing:
            return Deferred(STOPPING)
        return _Written(target.origin, wire)


class _Written(NamedTuple):
    """A request that may go out, and where to."""

    origin: Origin
    wire: bytes


def _deadline_of(request: HttpRequest) -> float:
    return asyncio.get_running_loop().time() + request.timeout.total_seconds()


def _malformed(flaw: Invalid, blame: Blame) -> Refused:
    return Refused(Fault(Code.MALFORMED_REQUEST.value, flaw.message, blame))
