"""How many mails a second one process hands to a relay, beside a bare socket and smtplib.

    python -m benchmarks.smtp_client [--json] [--seconds 3]

The sink is a process of its own that answers and counts, and keeps nothing; the count is checked.
"""

import argparse
import asyncio
import json
import multiprocessing
import smtplib
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import uvloop

from sendwell.adapters.smtp.account import Account
from sendwell.adapters.smtp.relay import SmtpRelay
from sendwell.domain.outcome import Accepted
from sendwell.ports.smtp import Envelope

MESSAGE = b"Subject: measured\r\n\r\n" + b"All work and no play makes a dull mail.\r\n" * 58
ENVELOPE = Envelope("sender@example.org", "recipient@example.org", MESSAGE)
COMMANDS = b"MAIL FROM:<sender@example.org>\r\nRCPT TO:<recipient@example.org>\r\nDATA\r\n"
CAPABILITIES = b"250-sink\r\n250-PIPELINING\r\n250 SIZE 10000000\r\n"


class Sink(asyncio.Protocol):
    """Answers just enough SMTP, as fast as Python can."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.rest = b""
        self.is_message = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.rest += data
        answers = []
        while answer := self.next_answer():
            answers.append(answer)
        self.transport.write(b"".join(answers))

    def next_answer(self) -> bytes | None:
        end = b"\r\n.\r\n" if self.is_message else b"\r\n"
        line, found, rest = self.rest.partition(end)
        if not found:
            return None
        self.rest = rest
        if self.is_message:
            Sink.taken += 1
            self.is_message = False
            return b"250 2.0.0 Ok: queued as 4ZXyzQ1\r\n"
        if line == b"DATA":
            self.is_message = True
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        return CAPABILITIES if line.startswith(b"EHLO") else b"250 2.1.0 Ok\r\n"


def serve(parent: Connection) -> None:
    """Tell the port, then the count whenever asked for it."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, "127.0.0.1", 0)
        parent.send(server.sockets[0].getsockname()[1])
        while await loop.run_in_executor(None, parent.recv):
            parent.send(Sink.taken)

    uvloop.run(run())


async def ours(port: int, concurrency: int, seconds: float) -> int:
    relay = SmtpRelay(Account("127.0.0.1", port, tls="none"))
    end = time.monotonic() + seconds

    async def keep_sending() -> int:
        count = 0
        while time.monotonic() < end:
            outcome = await relay.deliver(ENVELOPE)
            assert isinstance(outcome, Accepted), outcome
            count += 1
        return count

    counts = await asyncio.gather(*(keep_sending() for _ in range(concurrency)))
    await relay.close()
    return sum(counts)


def bare(port: int, seconds: float) -> int:
    """The floor at one mail at a time: the same bytes over a blocking socket, nothing looked at."""
    sink = socket.create_connection(("127.0.0.1", port))
    sink.recv(4096)
    sink.sendall(b"EHLO x\r\n")
    sink.recv(4096)
    sink.sendall(COMMANDS)
    group, count, end = MESSAGE + b".\r\n" + COMMANDS, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        while b"354" not in sink.recv(4096):
            pass
        sink.sendall(group)
        count += 1
    while b"354" not in sink.recv(4096):
        pass
    sink.close()
    return count


def standard(port: int, concurrency: int, seconds: float) -> int:
    """The peer: smtplib, one kept connection a thread."""
    counts = [0] * concurrency
    end = time.monotonic() + seconds

    def keep_sending(number: int) -> None:
        client = smtplib.SMTP("127.0.0.1", port)
        while time.monotonic() < end:
            client.sendmail(ENVELOPE.sender, [ENVELOPE.recipient], MESSAGE)
            counts[number] += 1
        client.close()

    threads = [threading.Thread(target=keep_sending, args=(n,)) for n in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def measured(send: Callable[[], int], sink: Connection, seconds: float) -> dict[str, float]:
    before, cpu = ask(sink), time.process_time()
    count = send()
    cpu = time.process_time() - cpu
    assert ask(sink) - before == count, "the sink has another count"
    return {"mails_per_second": round(count / seconds), "cpu_us": round(cpu / count * 1e6, 1)}


def ask(sink: Connection) -> int:
    sink.send(True)
    taken = sink.recv()
    assert isinstance(taken, int)
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    sink, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(child,))
    process.start()
    port, seconds = sink.recv(), given.seconds
    runs = {
        "bare socket, 1 at a time": lambda: bare(port, seconds),
        "ours, 1 at a time": lambda: uvloop.run(ours(port, 1, seconds)),
        "ours, 32 at a time": lambda: uvloop.run(ours(port, 32, seconds)),
        "smtplib, 1 at a time": lambda: standard(port, 1, seconds),
        "smtplib, 32 threads": lambda: standard(port, 32, seconds),
    }
    results = {name: measured(send, sink, seconds) for name, send in runs.items()}
    sink.send(False)
    process.join()
    if given.json:
        print(json.dumps(results))
        return
    for name, result in results.items():
        print(f"{name:26} {result['mails_per_second']:>9,.0f}/s {result['cpu_us']:>8} us CPU each")


if __name__ == "__main__":
    main()
