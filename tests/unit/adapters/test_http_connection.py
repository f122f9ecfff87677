"""The moment that no real server can be made to hit: the socket is dead when the write begins."""

import asyncio
import socket

from sendwell.adapters.http.connection import Connection
from sendwell.adapters.http.fault import Peer
from sendwell.adapters.http.limits import Limits
from sendwell.domain.outcome import Blame


class Home:
    def __init__(self) -> None:
        self.failures = 0

    def idles(self, connection: Connection) -> None: ...

    def failed(self, connection: Connection) -> None:
        self.failures += 1

    def left(self, connection: Connection) -> None: ...


class DeadTransport(asyncio.Transport):
    """Notices at the first write that the other side is gone, as both event loops do."""

    def __init__(self, raw: socket.socket) -> None:
        super().__init__({"socket": raw})
        self._is_closing = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: object) -> None:
        self._is_closing = True

    def is_closing(self) -> bool:
        return self._is_closing

    def abort(self) -> None: ...


async def test_a_request_that_could_not_be_written_at_all_may_be_sent_elsewhere() -> None:
    home = Home()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(home, Peer("a.example", Blame.PROVIDER), Limits())
        connection.connection_made(DeadTransport(ours))

        reply = connection.send(b"GET / HTTP/1.1\r\n\r\n", 1e9, is_head=False)
        connection.connection_lost(ConnectionResetError())

    assert reply is None
    assert home.failures == 1
    assert not connection.is_fit()
