"""The bare end-to-end floor: what is left of the job when every rule of the product is taken away.

    python -m benchmarks.floor_spike --provider http --target 127.0.0.1:9000 --db /tmp/spike.db

Takes the product's requests, commits them in groups, answers 202, hands them over in memory to
four lanes, renders subject, HTML and text with minijinja, sends, and commits an outcome. No
validation beyond the shape, no preferences, consent, limits, retries, claims, journal views. It is
the yardstick: the product with all its rules should reach half of it in the same run.
"""

import argparse
import asyncio
import time
from base64 import encodebytes
from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import Protocol, cast

import minijinja
import msgspec
import uvloop

from benchmarks import words
from benchmarks.bare_clients import BareHttp, BareSmtp
from benchmarks.batches import Notification, Outcome
from benchmarks.group_commit import Writer, open_writer
from benchmarks.http_stream import Messages, target

_LANES = ("critical", "high", "medium", "low")
_WORKERS = 16
_SMTP_CONNECTIONS = 4
_PICK_FROM_BELOW = 16
_TENANT = "sample"


class Item(msgspec.Struct):
    """A notification as far as the floor looks at it."""

    to: dict[str, str]
    data: msgspec.Raw = msgspec.Raw(b"{}")
    priority: str = "medium"
    idempotency_key: str = ""


class Accepted(msgspec.Struct, gc=False):
    position: int
    item: Item
    accepted_at: int


_one = msgspec.json.Decoder(Item).decode
_many = msgspec.json.Decoder(list[Item]).decode
_encode = msgspec.json.Encoder().encode


class Provider(Protocol):
    async def send(self, accepted: Accepted, parts: dict[str, str]) -> str: ...


class NullProvider:
    """Sends nothing, but lets others go on, as every send does."""

    async def send(self, accepted: Accepted, parts: dict[str, str]) -> str:
        del parts
        await asyncio.sleep(0)
        return f"null-{accepted.position}"


class HttpProvider:
    """One keep-alive connection a worker."""

    def __init__(self, http: BareHttp) -> None:
        self._http = http

    async def send(self, accepted: Accepted, parts: dict[str, str]) -> str:
        key = f"spike-{accepted.position}"
        path = "/" + accepted.item.to["url"].split("/", 3)[3]
        await self._http.post(path, _encode(parts), key.encode())
        return key


class SmtpProvider:
    """A multipart mail put together by hand."""

    def __init__(self, smtp: BareSmtp) -> None:
        self._smtp = smtp

    async def send(self, accepted: Accepted, parts: dict[str, str]) -> str:
        key = f"spike-{accepted.position}@sink.test"
        recipient = accepted.item.to["email"]
        mail = (
            f"Message-ID: <{key}>\r\nFrom: shop@example.com\r\nTo: {recipient}\r\n"
            f"Subject: {parts['subject']}\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
            f"{_part('plain', parts['text'])}{_part('html', parts['html'])}--b--"
        )
        await self._smtp.send(b"shop@example.com", recipient.encode(), mail.encode())
        return key


def _part(kind: str, text: str) -> str:
    body = encodebytes(text.encode()).decode().replace("\n", "\r\n")
    return (
        f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{body}"
    )


class Lanes:
    """Accepted in memory; the highest lane first, now and then one from the bottom."""

    def __init__(self) -> None:
        self._lanes: tuple[deque[Accepted], ...] = tuple(deque() for _ in _LANES)
        self._idle: list[asyncio.Future[None]] = []
        self._picks = 0

    def put(self, accepted: list[Accepted]) -> None:
        for one in accepted:
            self._lanes[_LANES.index(one.item.priority)].append(one)
        while self._idle and accepted:
            self._idle.pop().set_result(None)

    async def take(self) -> Accepted:
        while True:
            self._picks += 1
            from_below = self._picks % _PICK_FROM_BELOW == 0
            for lane in reversed(self._lanes) if from_below else self._lanes:
                if lane:
                    return lane.popleft()
            self._idle.append(asyncio.get_running_loop().create_future())
            await self._idle[-1]


class Spike:
    """Accept, hand over, render, send, record."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lanes = Lanes()
        self._templates = minijinja.Environment(
            templates={
                "subject.txt": words.SUBJECT,
                "html.html": words.HTML,
                "text.txt": words.TEXT,
            }
        )
        self._position = 0
        self.sent = 0

    def accept(self, items: list[Item], then: Callable[[], None]) -> None:
        accepted = [self._accepted(item) for item in items]

        def on_disk() -> None:
            then()
            self._lanes.put(accepted)

        is_urgent = items[0].priority == _LANES[0]
        self._writer.write([_row(one) for one in accepted], [], on_disk, is_urgent=is_urgent)

    def _accepted(self, item: Item) -> Accepted:
        self._position += 1
        return Accepted(self._position, item, _now())

    async def work(self, provider: Provider) -> None:
        while True:
            accepted = await self._lanes.take()
            claimed_at = _now()
            reference = await provider.send(accepted, self._rendered(accepted))
            outcome: Outcome = (
                accepted.position, 1, accepted.accepted_at, claimed_at, _now(), "spike", reference,
            )  # fmt: skip
            self._writer.write([], [outcome], self._recorded)

    def _rendered(self, accepted: Accepted) -> dict[str, str]:
        data = msgspec.json.decode(accepted.item.data)
        render = self._templates.render_template
        return {
            "subject": render("subject.txt", **data),
            "html": render("html.html", **data),
            "text": render("text.txt", **data),
        }

    def _recorded(self) -> None:
        self.sent += 1


class Door(asyncio.Protocol):
    """The product's two routes and its ledger, as far as the measurements use them."""

    def __init__(self, spike: Spike) -> None:
        self._spike = spike
        self._requests = Messages()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        for head, body in self._requests.feed(data):
            if target(head).endswith(b"/ledger"):
                self._answer(b"200 OK", _encode({"sent": self._spike.sent}))
                continue
            items = _many(body) if target(head).endswith(b"/batch") else [_one(body)]
            self._spike.accept(
                items, lambda: self._answer(b"202 Accepted", b'{"status":"PENDING"}')
            )

    def _answer(self, status: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)
        )


def _row(accepted: Accepted) -> Notification:
    item = accepted.item
    key = item.idempotency_key or str(accepted.position)
    idempotency = blake2b(f"{_TENANT}\0{key}".encode(), digest_size=16).digest()
    return accepted.position, idempotency, _TENANT, _LANES.index(item.priority), _encode(item)


def _now() -> int:
    return time.time_ns() // 1000


async def _providers(kind: str, host: str, port: int) -> list[Provider]:
    """One a worker; SMTP connections are shared, so that there is a next mail to pipeline."""
    if kind == "http":
        return [HttpProvider(await BareHttp.connect(host, port)) for _ in range(_WORKERS)]
    if kind == "smtp":
        connections = [await BareSmtp.connect(host, port) for _ in range(_SMTP_CONNECTIONS)]
        return [SmtpProvider(connections[at % _SMTP_CONNECTIONS]) for at in range(_WORKERS)]
    return [NullProvider()] * _WORKERS


async def serve(options: argparse.Namespace) -> None:
    spike = Spike(await open_writer(options.db))
    host, _, port = options.target.rpartition(":")
    providers = await _providers(options.provider, host, int(port))
    workers = [asyncio.create_task(spike.work(provider)) for provider in providers]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Door(spike), "127.0.0.1", 0)
    print("READY", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(*workers)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.floor_spike")
    parser.add_argument("--provider", choices=("null", "http", "smtp"), default="null")
    parser.add_argument("--target", default="127.0.0.1:0", help="the sink, HOST:PORT")
    parser.add_argument("--db", required=True, help="SQLite file, or URL of a PostgreSQL")
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
