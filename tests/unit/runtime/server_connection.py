"""A client's connection to a server in memory."""

import asyncio
from copy import copy
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn import Config
from uvicorn.server import ServerState

from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.tenants import Caller
from sendwell.runtime.server.app import FrontDoor, build_app
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.call_route import CallRoute
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.calls import Call, Reply
from sendwell.runtime.server.hot_protocol import Hot, HotProtocol

MOST = 100_000


class NoKeys:
    async def caller(self, key: str) -> Caller:
        raise Denied("There are no keys here.", is_unknown=True)

    def policy(self, tenant: TenantId) -> Policy:
        return Policy()


class Desk:
    """A hot endpoint that says what it was given, when it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.ways: list[str] = []
        self.finished = 0
        self.trouble: Exception | None = None

    async def echo(self, call: Call) -> Reply:
        self.ways.append("hot" if isinstance(call.body, bytes) else "ordinary")
        body = await body_of(call, most=MOST)
        await self.may_answer.wait()
        self.finished += 1
        if self.trouble is not None:
            raise self.trouble
        return Reply(202, b'"%b"' % body, headers=[(b"location", b"/here")])


async def alive(_: Request) -> Response:
    return PlainTextResponse("ok")


class Wire(asyncio.Transport):
    """The socket of a connection, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.late: list[bytes] = []
        self.is_closed = False
        self.is_paused = False
        self.is_aborted = False
        self.unread = 0

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.is_aborted = True

    def write(self, data: Any) -> None:
        (self.late if self.is_closed else self.writes).append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)


class Connection:
    """A client's connection to a server with one hot route (/echo) and one other (/alive)."""

    def __init__(self) -> None:
        self.desk = Desk()
        hot = [CallRoute("/echo", self.desk.echo, method="POST"), Route("/alive", alive)]
        door = FrontDoor(build_app(Callers(NoKeys()), hot, []), hot)
        config = Config(door, log_config=None, access_log=False, ws="none", lifespan="off")
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"today")]
        self.connect(config, door.hot)

    def connect(self, config: Config, hot: Hot) -> None:
        self.wire = Wire()
        self.protocol = HotProtocol(config=config, server_state=self.state, app_state={}, hot=hot)
        self.protocol.connection_made(self.wire)

    def beside(self) -> "Connection":
        """Another connection to the same server."""
        other = copy(self)
        other.connect(self.protocol.config, self.protocol._hot)
        return other

    async def send(self, *packets: bytes) -> bytes:
        """What is answered to these packets, once there is nothing more to do."""
        for packet in packets:
            self.protocol.data_received(packet)
        return await self.rest()

    async def rest(self) -> bytes:
        """What has been answered, once all that can go on has gone on."""
        for _ in range(50):
            await asyncio.sleep(0)
        return self.wire.written

    def look_again(self) -> None:
        """The time has come to look whether what is owed has come."""
        if self.protocol.alarm is not None:
            self.protocol.alarm.cancel()
        self.protocol.look()

    def end(self) -> None:
        """Let no timer outlive the test."""
        self.protocol._unset_keepalive_if_required()
        if self.protocol.alarm is not None:
            self.protocol.alarm.cancel()


def a_request(
    body: bytes = b"hello",
    *headers: bytes,
    first: bytes = b"POST /echo HTTP/1.1",
    framing: bytes | None = None,
) -> bytes:
    length = b"Content-Length: %d" % len(body) if framing is None else framing
    lines = [first, b"Host: here", b"X-Request-ID: r-1", *headers, length, b"", body]
    return b"\r\n".join(line for number, line in enumerate(lines) if line or number > 2)


def chunked(body: bytes = b"hello", *headers: bytes) -> bytes:
    content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return a_request(content, *headers, framing=b"Transfer-Encoding: chunked")


def bodies(answers: bytes) -> list[bytes]:
    return [each.partition(b"\r\n\r\n")[2] for each in answers.split(b"HTTP/1.1 ")[1:]]
