"""The answers that are followed: beside the pools, so that they keep nobody from an exchange."""

import asyncio
import ssl
from collections.abc import Callable

from sendwell.adapters.http.dial import addresses_of, dial, trouble
from sendwell.adapters.http.fault import STOPPING, Code, Peer
from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.policy import Policy
from sendwell.adapters.http.stream import Stream
from sendwell.adapters.http.target import Origin
from sendwell.adapters.http.turns import Turns
from sendwell.domain.outcome import Deferred, Refused, Unknown


class Streams:
    """At most so many at a time; who comes when there are as many is sent away at once."""

    def __init__(self, policy: Policy, limits: Limits, tls: Callable[[], ssl.SSLContext]) -> None:
        self._policy = policy
        self._limits = limits
        self._tls = tls
        self._turns = Turns(limits.streams)
        self._open: set[Stream] = set()
        self._is_ended = False

    async def begin(
        self, origin: Origin, wire: bytes, deadline: float, *, is_head: bool
    ) -> Stream | Deferred | Refused | Unknown:
        """Send one request on a connection of its own; until `deadline` the answer has begun."""
        peer = Peer(origin.host, self._policy.blame)
        if not self._turns.take():
            return Deferred(peer.fault(Code.CROWDED, "is followed by as many as may at a time"))
        begun = None
        try:
            begun = await self._begin(origin, peer, wire, deadline=deadline, is_head=is_head)
        finally:
            if isinstance(begun, Stream):
                self._open.add(begun)
            else:
                self._turns.give_back()
        if self._is_ended:
            self.end()
        return begun

    def end(self) -> None:
        """End those that are open, and from now on each that begins."""
        self._is_ended = True
        for stream in tuple(self._open):
            stream.close()

    async def _begin(
        self, origin: Origin, peer: Peer, wire: bytes, *, deadline: float, is_head: bool
    ) -> Stream | Deferred | Refused | Unknown:
        if self._is_ended:
            return Deferred(STOPPING)
        stream = await self._dial(origin, peer, deadline)
        if not isinstance(stream, Stream):
            return stream
        try:
            async with asyncio.timeout_at(deadline):
                await stream.begin(wire, is_head=is_head)
        except TimeoutError:
            return Unknown(peer.fault(Code.TIMEOUT, "did not answer in time"))
        finally:
            if not stream.status:
                stream.close()
        if not stream.status:
            return Unknown(peer.fault(Code.BROKEN, "broke the connection before it had answered"))
        return stream

    async def _dial(
        self, origin: Origin, peer: Peer, deadline: float
    ) -> Stream | Deferred | Refused:
        addresses = await addresses_of(origin, peer, policy=self._policy, deadline=deadline)
        if isinstance(addresses, Deferred | Refused):
            return addresses
        tls = self._tls() if origin.scheme == "https" else None
        try:
            return await dial(origin, addresses, tls=tls, make=self._make, deadline=deadline)
        except OSError as error:
            return Deferred(trouble(error, peer))

    def _make(self) -> Stream:
        return Stream(self._limits, self._left)

    def _left(self, stream: Stream) -> None:
        if stream in self._open:
            self._open.remove(stream)
            self._turns.give_back()
