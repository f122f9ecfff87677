"""The SMTP client alone: mails a second into a sink, beside the barest client and smtplib.

The floor pipelines just the same, but judges no answer, knows no time-out and never reconnects.
The peer is the standard library's client as its documentation shows it, one kept connection a
thread. The mail is 2.4 kB; each run is checked against the sink's own count.
"""

import asyncio
import smtplib
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import uvloop

from benchmarks.bare_clients import BareSmtp
from benchmarks.bench import Bench, Sink
from benchmarks.figures import Sample, Who
from benchmarks.processes import MeasurementError
from sendwell.adapters.smtp import SmtpClient
from sendwell.domain.outcome import Accepted
from sendwell.ports.smtp import Envelope

SENDER, RECIPIENT = "shop@example.com", "ada@example.org"
MESSAGE = b"Subject: measured\r\n\r\n" + b"All work and no play makes a dull mail.\r\n" * 58
CONCURRENCIES = (1, 32)
BARE_CONNECTIONS = 4
FLOOR = "the barest pipelining client"
PEER = "smtplib, one kept connection a thread"


@dataclass(frozen=True, slots=True)
class LocalRelay:
    port: int
    host: str = "127.0.0.1"
    username: str | None = None
    password: str | None = None
    tls: str = "none"


def measure(bench: Bench) -> Iterator[Sample]:
    count = bench.size(40_000, 1_000)
    with bench.sink("smtp") as sink:
        for concurrency in CONCURRENCIES:
            bench.say(f"{concurrency} at a time")
            case = f"{concurrency} at a time"
            for who, client, share, what in (
                (Who.PRODUCT, _product, 1, ""),
                (Who.FLOOR, _floor, 1, FLOOR),
                (Who.PEER, _peer, 10, PEER),
            ):
                rate, cpu_us = _timed(client, sink, concurrency, count // share)
                yield Sample(case, who, rate, "mails/s", what)
                yield Sample(f"{case}, processor time", who, cpu_us, "µs a mail", what)


Client = Callable[[int, int, int], None]
"""Sends through this port, so many at a time, so many in all."""


def _timed(client: Client, sink: Sink, concurrency: int, count: int) -> tuple[float, float]:
    sink.reset()
    started, worked = time.perf_counter(), time.process_time()
    client(sink.port, concurrency, count)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    if (taken := sink.stats()["messages"]) != count:
        raise MeasurementError(f"{client.__name__} sent {count} mails, and the sink has {taken}")
    return count / seconds, worked / count * 1e6


def _product(port: int, concurrency: int, count: int) -> None:
    async def run() -> None:
        client = SmtpClient(LocalRelay(port))
        envelope = Envelope(SENDER, RECIPIENT, MESSAGE)

        async def send() -> None:
            outcome = await client.deliver(envelope)
            if not isinstance(outcome, Accepted):
                raise MeasurementError(f"a mail came to {outcome}")

        await _share(send, concurrency, count)
        await client.close()

    uvloop.run(run())


def _floor(port: int, concurrency: int, count: int) -> None:
    async def run() -> None:
        connections = [
            await BareSmtp.connect("127.0.0.1", port)
            for _ in range(min(concurrency, BARE_CONNECTIONS))
        ]
        turn = iter(range(count))

        async def send() -> None:
            connection = connections[next(turn) % len(connections)]
            await connection.send(SENDER.encode(), RECIPIENT.encode(), MESSAGE)

        await _share(send, concurrency, count)

    uvloop.run(run())


def _peer(port: int, concurrency: int, count: int) -> None:
    def send(share: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for _ in range(share):
                client.sendmail(SENDER, [RECIPIENT], MESSAGE)

    with ThreadPoolExecutor(concurrency) as threads:
        list(threads.map(send, _shares(concurrency, count)))


async def _share(send: Callable[[], Awaitable[None]], concurrency: int, count: int) -> None:
    async def work(share: int) -> None:
        for _ in range(share):
            await send()

    await asyncio.gather(*map(work, _shares(concurrency, count)))


def _shares(concurrency: int, count: int) -> list[int]:
    """`count` in as many shares, which differ by at most one."""
    return [(count + at) // concurrency for at in range(concurrency)]
