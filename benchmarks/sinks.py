"""Where messages end: an HTTP sink and an SMTP sink, each a process of its own.

    python -m benchmarks.sinks http --delay-ms 100
    python -m benchmarks.sinks smtp

A sink counts the messages and the distinct keys among them (`webhook-id` or `idempotency-key`;
Message-ID), and notes when those arrive that ask for it: a path `/timed/NAME`, a recipient
`timed-NAME@…`. Its control port answers `GET /stats`, `GET /arrivals` and `POST /reset`. Times are
the machine's monotonic clock, which all processes share.
"""

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import ClassVar, cast

import uvloop

from benchmarks.http_stream import Messages, header, target

_TIMED_PATH = b"/timed/"
_TIMED_RECIPIENT = b"<timed-"


@dataclass(slots=True)
class Tally:
    """What has arrived."""

    messages: int = 0
    last: float = 0.0
    """When the last message arrived that is not timed."""
    keys: set[bytes] = field(default_factory=set)
    arrivals: dict[str, float] = field(default_factory=dict)

    def add(self, key: bytes | None, timed: bytes | None) -> None:
        self.messages += 1
        if key is not None:
            self.keys.add(key)
        if timed is None:
            self.last = monotonic()
        else:
            self.arrivals.setdefault(timed.decode(), monotonic())

    def stats(self) -> dict[str, object]:
        return {"messages": self.messages, "distinct": len(self.keys), "last": self.last}

    def reset(self) -> dict[str, object]:
        self.messages, self.last = 0, 0.0
        self.keys.clear()
        self.arrivals.clear()
        return self.stats()


class Sink(asyncio.Protocol):
    """What both sinks share: a tally, and answers that may be late on purpose."""

    def __init__(self, tally: Tally, delay_seconds: float) -> None:
        self.tally = tally
        self._delay_seconds = delay_seconds
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def write(self, answer: bytes) -> None:
        self._transport.write(answer)

    def write_late(self, answer: bytes) -> None:
        if self._delay_seconds:
            asyncio.get_running_loop().call_later(self._delay_seconds, self.write, answer)
        else:
            self.write(answer)


class HttpSink(Sink):
    """Answers every request with 200 and an empty JSON object."""

    _ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

    def __init__(self, tally: Tally, delay_seconds: float) -> None:
        super().__init__(tally, delay_seconds)
        self._requests = Messages()

    def data_received(self, data: bytes) -> None:
        for head, _ in self._requests.feed(data):
            key = header(head, b"webhook-id") or header(head, b"idempotency-key")
            self.tally.add(key, _after(target(head), _TIMED_PATH))
            self.write_late(self._ANSWER)


class SmtpSink(Sink):
    """Takes every mail. Knows pipelining (RFC 2920): the answers to one packet are one packet."""

    _GREETING = b"220 sink.test ESMTP\r\n"
    _EHLO = (
        b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000\r\n"
    )
    _ANSWERS: ClassVar = {
        b"EHLO": _EHLO, b"HELO": b"250 sink.test\r\n", b"MAIL": b"250 2.1.0 ok\r\n",
        b"RCPT": b"250 2.1.5 ok\r\n", b"DATA": b"354 go on\r\n", b"RSET": b"250 2.0.0 ok\r\n",
        b"NOOP": b"250 2.0.0 ok\r\n", b"QUIT": b"221 2.0.0 bye\r\n",
    }  # fmt: skip
    _TAKEN = b"250 2.0.0 taken\r\n"
    _UNKNOWN = b"500 5.5.1 unknown\r\n"

    def __init__(self, tally: Tally, delay_seconds: float) -> None:
        super().__init__(tally, delay_seconds)
        self._rest = b""
        self._is_in_data = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.write(self._GREETING)

    def data_received(self, data: bytes) -> None:
        stream = self._rest + data if self._rest else data
        start, answers = 0, []
        while True:
            taken = self._mail(stream, start) if self._is_in_data else self._line(stream, start)
            if taken is None:
                break
            answer, start = taken
            answers.append(answer)
        self._rest = stream[start:]
        if answers:
            self._answer(answers)

    def _answer(self, answers: list[bytes]) -> None:
        write = self.write_late if self._TAKEN in answers else self.write
        write(b"".join(answers))

    def _line(self, stream: bytes, start: int) -> tuple[bytes, int] | None:
        end = stream.find(b"\r\n", start)
        if end < 0:
            return None
        verb = stream[start : start + 4].upper()
        if verb == b"RCPT":
            self._recipient = stream[start:end]
        self._is_in_data = verb == b"DATA"
        return self._ANSWERS.get(verb, self._UNKNOWN), end + 2

    def _mail(self, stream: bytes, start: int) -> tuple[bytes, int] | None:
        end = stream.find(b"\r\n.\r\n", start)
        if end < 0:
            return None
        self._is_in_data = False
        headers = stream[start : stream.find(b"\r\n\r\n", start, end + 2)]
        key = header(b"\r\n" + headers, b"message-id")
        self.tally.add(key, _after(self._recipient, _TIMED_RECIPIENT, b"@"))
        return self._TAKEN, end + 5


class Control(asyncio.Protocol):
    """The way to ask a sink what it has seen."""

    def __init__(self, tally: Tally) -> None:
        self._answers: dict[bytes, Callable[[], object]] = {
            b"/stats": tally.stats,
            b"/arrivals": lambda: tally.arrivals,
            b"/reset": tally.reset,
        }
        self._requests = Messages()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        for head, _ in self._requests.feed(data):
            body = json.dumps(self._answers[target(head)]()).encode()
            answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
            self._transport.write(answer)


KINDS: dict[str, type[Sink]] = {"http": HttpSink, "smtp": SmtpSink}


async def serve(kind: str, delay_seconds: float) -> None:
    loop, tally = asyncio.get_running_loop(), Tally()
    sink = await loop.create_server(partial(KINDS[kind], tally, delay_seconds), "127.0.0.1", 0)
    control = await loop.create_server(partial(Control, tally), "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (sink, control)]
    print("READY", *ports, flush=True)
    await asyncio.Event().wait()


def _after(text: bytes, before: bytes, until: bytes | None = None) -> bytes | None:
    at = text.find(before)
    if at < 0:
        return None
    name = text[at + len(before) :]
    return name.split(until)[0] if until else name


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks.sinks", description="Take messages and count."
    )
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="before each answer")
    options = parser.parse_args()
    uvloop.run(serve(options.kind, options.delay_ms / 1000))


if __name__ == "__main__":
    main()
