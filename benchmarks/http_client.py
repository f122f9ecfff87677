"""The outgoing HTTP client beside a floor and aiohttp: CPU per call and calls per second.

    python benchmarks/http_client.py [--calls 20000] [--rounds 3] [--json]

The sink is an httptools protocol in a process of its own, on the second core. The floor is the
least that sends a request and finds the end of the answer: no headers read, no deadline, no pool,
no refusals. The clients take turns in each round; the figures are medians.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import httptools
import uvloop

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.ports.http import HttpAnswer, HttpRequest

BODY = b'{"message":"' + b"x" * 1280 + b'"}'
HEADERS = {
    "authorization": "Bearer " + "k" * 40,
    "content-type": "application/json",
    "idempotency-key": "01890a5d-ac96-774b-bcce-b302099a8057.0.email",
}
ANSWER = (
    b"HTTP/1.1 202 Accepted\r\nserver: sink\r\ncontent-type: application/json\r\n"
    b'content-length: 20\r\n\r\n{"id":"0123456789a"}'
)
Call = Callable[[], Awaitable[None]]


class Sink(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.transport.write(ANSWER)


def serve(listener: socket.socket) -> None:
    pin(1)

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, sock=listener)
        await server.serve_forever()

    uvloop.run(forever())


def pin(core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


async def load(call: Call, *, calls: int, concurrency: int) -> tuple[float, float]:
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call()

    for _ in range(concurrency):
        await call()
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return (
        (time.process_time() - cpu) / calls * 1e6,
        calls / (time.perf_counter() - wall),
    )


async def ours(url: str, *, calls: int, concurrency: int) -> tuple[float, float]:
    client = HttpClient(policy=Trusted(), clock=SystemClock())

    async def call() -> None:
        request = HttpRequest("POST", url, dict(HEADERS), BODY, timedelta(seconds=15))
        answer = await client.exchange(request)
        assert isinstance(answer, HttpAnswer), answer

    measured = await load(call, calls=calls, concurrency=concurrency)
    await client.close()
    return measured


class Bare(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.parser = httptools.HttpResponseParser(self)

    def send(self, wire: bytes) -> asyncio.Future[int]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(wire)
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.answer.set_result(self.parser.get_status_code())


async def bare(url: str, *, calls: int, concurrency: int) -> tuple[float, float]:
    loop = asyncio.get_running_loop()
    port = urlsplit(url).port or 80
    made = [await loop.create_connection(Bare, "127.0.0.1", port) for _ in range(concurrency)]
    idle = [connection for _, connection in made]
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    head = (
        f"POST /v1/messages HTTP/1.1\r\nhost: sink\r\n{fields}content-length: {len(BODY)}\r\n\r\n"
    )
    wire = head.encode() + BODY

    async def call() -> None:
        connection = idle.pop()
        await connection.send(wire)
        idle.append(connection)

    measured = await load(call, calls=calls, concurrency=concurrency)
    for transport, _ in made:
        transport.abort()
    return measured


async def with_aiohttp(url: str, *, calls: int, concurrency: int) -> tuple[float, float]:
    timeout = aiohttp.ClientTimeout(total=15)
    connector = aiohttp.TCPConnector(limit_per_host=64)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def call() -> None:
            async with session.post(url, data=BODY, headers=dict(HEADERS)) as answer:
                await answer.read()

        return await load(call, calls=calls, concurrency=concurrency)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()

    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/messages"
    sink = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    sink.start()
    pin(0)
    try:
        for row in measure(url, calls=asked.calls, rounds=asked.rounds):
            print(json.dumps(row) if asked.json else sentence(row))
    finally:
        sink.terminate()
        sink.join()


def measure(url: str, *, calls: int, rounds: int) -> Iterator[dict[str, Any]]:
    clients = {"floor": bare, "sendwell": ours, "aiohttp": with_aiohttp}
    for concurrency in (1, 32):
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
        for _ in range(rounds):
            for name, client in clients.items():
                work = client(url, calls=calls, concurrency=concurrency)
                runs[name].append(uvloop.run(work))
        for name, figures in runs.items():
            cpu, rate = (statistics.median(column) for column in zip(*figures, strict=True))
            yield {
                "client": name,
                "concurrency": concurrency,
                "cpu_us": round(cpu, 1),
                "calls_per_second": round(rate),
            }


def sentence(row: dict[str, Any]) -> str:
    return "{client:9} x{concurrency:<3} {cpu_us:6.1f} µs CPU  {calls_per_second:7,}/s".format(
        **row
    )


if __name__ == "__main__":
    main()
