"""The load generator, a process of its own: prebuilt requests over keep-alive connections.

    BENCH_KEY=… python -m benchmarks.load --port 8000 --count 60000 --batch 100 --item '{"to": …}'

One request at a time per connection, no pipelining; several `--port`s share the connections. `@N@`
in the item becomes a running number. With `--rate` requests start at their time whether or not
earlier ones were answered, so that a slow server cannot slow its own measurement; the time starts
when a request could have gone out. What is answered by 429 or 503 is counted and sent again. Prints
one line of JSON.
"""

import argparse
import asyncio
import json
import os
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from time import monotonic
from typing import cast

import uvloop

from benchmarks.http_stream import Messages, status

_BUSY = (429, 503)
_REFUSED = b'"status":"refused"'
_PAUSE_SECONDS = 0.05
_NUMBER = b"@N@"
_SINGLE, _BATCH = "/api/v1/notifications", "/api/v1/notifications/batch"


@dataclass(slots=True)
class Request:
    content: bytes
    is_due_at: float = 0.0
    """When it could have gone out; 0: when a connection takes it."""


class Connection(asyncio.Protocol):
    """Carries one request at a time; tells the load what came back."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._answers = Messages()
        self._transport: asyncio.WriteTransport
        self._request: Request
        self._started_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def send(self, request: Request) -> None:
        self._request = request
        self._started_at = request.is_due_at or monotonic()
        self._transport.write(request.content)

    def data_received(self, data: bytes) -> None:
        for head, body in self._answers.feed(data):
            took = monotonic() - self._started_at
            self._load.answered(self, self._request, took=took, status=status(head), body=body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc)


class Load:
    """All requests of a run, and what became of them."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = requests
        self._waiting: deque[Request] = deque()
        self._idle: list[Connection] = []
        self._done = asyncio.get_running_loop().create_future()
        self.took: list[float] = []
        self.starts: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.first_odd_answer = ""

    async def connect(self, ports: Sequence[int], connections: int) -> None:
        """Connect so often, to each port in turn."""
        loop = asyncio.get_running_loop()
        for port in islice(cycle(ports), connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self), "127.0.0.1", port
            )
            self._idle.append(connection)

    async def run(self, rate: float) -> float:
        """Send everything; gives the seconds from the first request to the last answer."""
        started_at = monotonic()
        if rate:
            await self._run_at(rate, started_at)
        else:
            self.starts = [started_at]
            for content in self._requests:
                self._waiting.append(Request(content))
            self._use_idle()
        await self._done
        return monotonic() - started_at

    async def _run_at(self, rate: float, started_at: float) -> None:
        for number, content in enumerate(self._requests):
            await asyncio.sleep(max(0.0, started_at + number / rate - monotonic()))
            self.starts.append(monotonic())
            self._waiting.append(Request(content, self.starts[-1]))
            self._use_idle()

    def _use_idle(self) -> None:
        while self._idle and self._waiting:
            self._idle.pop().send(self._waiting.popleft())

    def answered(
        self, connection: Connection, request: Request, *, took: float, status: int, body: bytes
    ) -> None:
        self.statuses[status] += 1
        if status in _BUSY:
            asyncio.get_running_loop().call_later(_PAUSE_SECONDS, connection.send, request)
            return
        if (status != 202 or _REFUSED in body) and not self.first_odd_answer:
            self.first_odd_answer = f"{status}: {body[:500].decode(errors='replace')}"
        self.took.append(took)
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)
        if len(self.took) == len(self._requests) and not self._done.done():
            self._done.set_result(None)

    def lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError(f"the server closed a connection: {error}"))


def requests(
    item: bytes, *, count: int, batch: int, first: int, key: str, path: str
) -> list[bytes]:
    """`count` notifications as complete HTTP requests of `batch` each; 1 is the single route."""
    items = [item.replace(_NUMBER, b"%d" % number) for number in range(first, first + count)]
    if batch > 1:
        chunks = (items[at : at + batch] for at in range(0, count, batch))
        items = [b"[%s]" % b",".join(chunk) for chunk in chunks]
    head = (
        f"POST {path or (_BATCH if batch > 1 else _SINGLE)} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"authorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: "
    ).encode()
    return [b"%s%d\r\n\r\n%s" % (head, len(body), body) for body in items]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


async def measure(options: argparse.Namespace) -> dict[str, object]:
    load = Load(
        requests(
            options.item.encode(), count=options.count, batch=options.batch, first=options.first,
            key=os.environ.get("BENCH_KEY", ""), path=options.path,
        )
    )  # fmt: skip
    await load.connect(options.ports, options.connections)
    seconds = await load.run(options.rate)
    return {
        "notifications": options.count,
        "seconds": seconds,
        "rate": options.count / seconds,
        "p50_ms": percentile(load.took, 0.50) * 1000,
        "p99_ms": percentile(load.took, 0.99) * 1000,
        "starts": load.starts,
        "statuses": load.statuses,
        "first_odd_answer": load.first_odd_answer,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description="Post notifications.")
    parser.add_argument("--port", type=int, required=True, action="append", dest="ports")
    parser.add_argument("--path", default="", help="instead of the API's single or batch route")
    parser.add_argument("--item", required=True, help="JSON of one notification, @N@ is its number")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first number")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second; 0: closed loop")
    print(json.dumps(uvloop.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
