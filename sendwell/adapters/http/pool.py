"""The connections to one origin."""

import asyncio
import ssl
from asyncio import CancelledError, Future
from collections.abc import Callable, Container, Sequence
from typing import Protocol

from sendwell.adapters.http.connection import Connection, Reply
from sendwell.adapters.http.dial import addresses_of, dial, trouble
from sendwell.adapters.http.fault import Code, Peer
from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.policy import Policy
from sendwell.adapters.http.target import Origin
from sendwell.adapters.http.turns import Turns
from sendwell.domain.outbound import Address
from sendwell.domain.outcome import Deferred, Refused


class Keeper(Protocol):
    """Who keeps the pools."""

    is_closing: bool

    def make_room(self) -> None:
        """A connection more is about to be opened."""
        ...

    def opened(self) -> None:
        """There is a connection more."""
        ...

    def closed(self) -> None:
        """There is a connection less."""
        ...

    def emptied(self, pool: "Pool") -> None:
        """It has no connection and no exchange left."""
        ...


class Pool:
    """At most so many exchanges at a time with one origin; the others wait in line.

    There are never more connections than turns: a new one is dialled only by who has a turn and
    finds none idle. The one used last is used first, so that the others can grow old and close.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        keeper: Keeper,
        policy: Policy,
        limits: Limits,
        tls: Callable[[], ssl.SSLContext],
    ) -> None:
        self.origin = origin
        self.peer = Peer(origin.host, policy.blame)
        self._keeper = keeper
        self._policy = policy
        self._limits = limits
        self._tls = tls
        self._turns = Turns(limits.connections_per_host)
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()

    async def exchange(
        self, wire: bytes, deadline: float, *, is_head: bool, enough: Container[int] = ()
    ) -> Reply | Refused:
        """Send one request and await its reply until the loop's time is `deadline`."""
        if not self._turns.take() and not await self._wait(deadline):
            return Deferred(self.peer.fault(Code.CROWDED, "had no connection free in time"))
        try:
            return await self._exchange(wire, deadline, is_head=is_head, enough=enough)
        finally:
            self._turns.give_back()
            self._report_if_empty()

    async def _wait(self, deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.wait()
        except TimeoutError:
            return False
        return True

    async def _exchange(
        self, wire: bytes, deadline: float, *, is_head: bool, enough: Container[int]
    ) -> Reply | Refused:
        while (idle := self._take_idle()) is not None:
            reply = idle.send(wire, deadline, is_head=is_head, enough=enough)
            if reply is not None:
                return await _settled(reply, idle)
        fresh = await self._dial(deadline)
        if not isinstance(fresh, Connection):
            return fresh
        reply = fresh.send(wire, deadline, is_head=is_head, enough=enough)
        if reply is not None:
            return await _settled(reply, fresh)
        return Deferred(self.peer.fault(Code.BROKEN, "broke the connection before the request"))

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fit():
                return connection
            connection.abort()
        return None

    async def _dial(self, deadline: float) -> Connection | Deferred | Refused:
        addresses = await addresses_of(
            self.origin, self.peer, policy=self._policy, deadline=deadline
        )
        if isinstance(addresses, Deferred | Refused):
            return addresses
        try:
            return await self._connect(addresses, deadline)
        except OSError as error:
            return Deferred(trouble(error, self.peer))

    async def _connect(self, addresses: Sequence[Address], deadline: float) -> Connection:
        self._keeper.make_room()
        tls = self._tls() if self.origin.scheme == "https" else None
        connection = await dial(self.origin, addresses, tls=tls, make=self._make, deadline=deadline)
        # Counted here and not when it was made: one made for a cancelled dial may never be lost.
        if connection.is_open:
            self._connections.add(connection)
            self._keeper.opened()
        return connection

    def _make(self) -> Connection:
        return Connection(self, self.peer, self._limits)

    def idles(self, connection: Connection) -> None:
        if self._keeper.is_closing:
            connection.abort()
        else:
            self._idle.append(connection)

    def failed(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)

    def left(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._keeper.closed()
            self._report_if_empty()

    def drop_oldest_idle(self) -> bool:
        """Close the connection that has been idle for longest, if there is an idle one."""
        if self._idle:
            self._idle[0].abort()
            return True
        return False

    def _report_if_empty(self) -> None:
        if not self._connections and self._turns.are_untaken:
            self._keeper.emptied(self)


async def _settled(reply: Future[Reply], connection: Connection) -> Reply:
    try:
        return await reply
    except CancelledError:
        connection.abort()
        raise
