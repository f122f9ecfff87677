"""What comes of an exchange when the other side fails, lies or does not stop."""

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from sendwell.adapters.http import Code, Limits, Trusted
from sendwell.domain.outbound import Address, literal
from sendwell.domain.outcome import Blame, Deferred, Unknown
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import SOON, a_client, a_request, code_of, reply_to
from tests.conformance.http_server import (
    PATIENCE,
    Talk,
    ok,
    saying,
    saying_once,
    serving,
    silence,
)

MIB = 1024 * 1024


def answering(*addresses: str) -> Trusted:
    """Any host is at these addresses."""

    async def resolve(_: str) -> Sequence[Address]:
        return [address for text in addresses if (address := literal(text))]

    return Trusted(resolve=resolve)


async def unknown_to_dns(name: str) -> Sequence[Address]:
    raise socket.gaierror(socket.EAI_NONAME, f"no {name}")


async def test_a_refused_connection_is_deferred() -> None:
    async with serving(silence) as gone:
        pass

    async with a_client() as client:
        outcome = await client.exchange(a_request(gone.url()))

    assert code_of(outcome, Deferred) == Code.CONNECT_REFUSED
    assert isinstance(outcome, Deferred)
    assert outcome.fault.blame is Blame.PROVIDER


async def test_a_name_that_dns_does_not_know_is_deferred() -> None:
    async with a_client(policy=Trusted(resolve=unknown_to_dns)) as client:
        outcome = await client.exchange(a_request("http://nowhere.example/"))

    assert code_of(outcome, Deferred) == Code.DNS


async def test_a_resolver_that_does_not_answer_is_deferred() -> None:
    async def never(_: str) -> Sequence[Address]:
        await asyncio.Event().wait()
        raise AssertionError

    async with a_client(policy=Trusted(resolve=never)) as client:
        outcome = await client.exchange(a_request("http://slow.example/", timeout=SOON))

    assert code_of(outcome, Deferred) == Code.DNS


async def test_a_connection_that_is_not_ready_in_time_is_deferred() -> None:
    async def mute(talk: Talk) -> None:
        await talk.until_gone()

    async with serving(mute) as server, a_client() as client:
        url = server.url().replace("http:", "https:")  # waits for a TLS handshake

        outcome = await client.exchange(a_request(url, timeout=SOON))

    assert code_of(outcome, Deferred) == Code.CONNECT_TIMEOUT


async def test_the_next_address_is_tried_when_one_is_dead() -> None:
    async with (
        serving(saying(ok())) as server,
        a_client(policy=answering("127.0.0.2", "127.0.0.1")) as client,
    ):
        answer = await client.exchange(a_request(server.url(host="two.example")))

    assert isinstance(answer, HttpAnswer)


async def test_a_connection_reset_after_the_request_is_unknown() -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        talk.reset()

    assert code_of(await reply_to(script), Unknown) == Code.BROKEN


async def test_a_connection_closed_after_the_request_is_unknown() -> None:
    assert code_of(await reply_to(saying_once()), Unknown) == Code.BROKEN


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_an_answer_that_breaks_off_is_unknown(part: bytes) -> None:
    assert code_of(await reply_to(saying_once(part)), Unknown) == Code.BROKEN


async def test_a_body_until_the_end_of_the_connection_must_not_end_by_a_reset() -> None:
    async def script(talk: Talk) -> None:
        await saying_once(b"HTTP/1.1 200 OK\r\n\r\nhalf")(talk)
        talk.reset()

    assert code_of(await reply_to(script), Unknown) == Code.BROKEN


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0\1\2\3",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(300)) + b"\r\n",
    ],
)
async def test_an_answer_that_is_not_http_is_unknown(garbage: bytes) -> None:
    assert code_of(await reply_to(saying(garbage)), Unknown) == Code.BAD_ANSWER


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nx-large: ", b"x" * MIB),
        (b"HTTP/1.1 200 OK\r\n", b"x-many: y\r\n" * 100_000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-trailer: ", b"x" * MIB),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;note=", b"x" * MIB),
    ],
)
async def test_a_head_without_end_is_cut_off(start: bytes, again: bytes) -> None:
    said = 0

    async def script(talk: Talk) -> None:
        nonlocal said
        await saying_once(start)(talk)
        for _ in range(10):
            await talk.say(again)
            said += 1

    outcome = await reply_to(script)

    assert code_of(outcome, Unknown) == Code.BAD_ANSWER
    assert said < 10


async def test_a_head_that_comes_at_once_with_its_body_may_not_be_too_large_either() -> None:
    answer = ok(b"hello", b"x-large: " + b"x" * 70_000)

    assert code_of(await reply_to(saying(answer)), Unknown) == Code.BAD_ANSWER


async def test_a_large_head_below_the_cap_is_taken() -> None:
    answer = await reply_to(saying(ok(b"x" * 100_000, b"x-large: " + b"x" * 60_000)))

    assert isinstance(answer, HttpAnswer)
    assert len(answer.headers["x-large"]) == 60_000


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_over_the_cap_is_cut_and_the_connection_closed(is_chunked: bool) -> None:
    said = 0

    async def script(talk: Talk) -> None:
        nonlocal said
        await talk.hear()
        await talk.say(b"HTTP/1.1 200 OK\r\n")
        await talk.say(
            b"transfer-encoding: chunked\r\n\r\n"
            if is_chunked
            else b"content-length: %d\r\n\r\n" % (100 * MIB)
        )
        for _ in range(100):
            await talk.say(b"100000\r\n" + b"x" * MIB + b"\r\n" if is_chunked else b"x" * MIB)
            said += 1

    answer = await reply_to(script)

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body) == (200, b"x" * MIB)
    assert answer.is_cut
    assert said < 50


async def test_a_body_as_large_as_the_cap_is_whole_and_its_connection_stays() -> None:
    limits = Limits(body_size=5)
    async with serving(saying(ok(b"12345"))) as server, a_client(limits=limits) as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(2)]

    assert answers == [HttpAnswer(200, {"content-length": "5"}, b"12345")] * 2
    assert server.connections == 1


async def dripping(talk: Talk) -> None:
    """One byte after the other, so that it is never silent for long."""
    await saying_once(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")(talk)
    while True:
        await talk.say(b"x")
        await asyncio.sleep(0.02)


async def test_a_body_that_drips_cannot_outlast_the_deadline() -> None:
    began = time.monotonic()

    outcome = await reply_to(dripping, within=SOON)

    assert code_of(outcome, Unknown) == Code.TIMEOUT
    assert time.monotonic() - began < 10 * SOON.total_seconds()


async def test_no_answer_in_time_is_unknown() -> None:
    assert code_of(await reply_to(silence, within=SOON), Unknown) == Code.TIMEOUT


async def test_each_exchange_on_a_connection_has_its_own_deadline() -> None:
    async def script(talk: Talk) -> None:
        await saying_once(ok())(talk)
        await silence(talk)

    async with serving(script) as server, a_client() as client:
        await client.exchange(a_request(server.url(), timeout=timedelta(seconds=PATIENCE)))

        outcome = await client.exchange(a_request(server.url(), timeout=SOON))

    assert code_of(outcome, Unknown) == Code.TIMEOUT
    assert server.connections == 1


async def test_an_earlier_deadline_on_the_connection_does_not_cut_a_later_exchange() -> None:
    async def script(talk: Talk) -> None:
        await saying_once(ok())(talk)
        await silence(talk)

    async with serving(script) as server, a_client() as client:
        answer = await client.exchange(a_request(server.url(), timeout=SOON))
        assert isinstance(answer, HttpAnswer), answer
        began = time.monotonic()

        outcome = await client.exchange(a_request(server.url(), timeout=2 * SOON))

    assert code_of(outcome, Unknown) == Code.TIMEOUT
    assert time.monotonic() - began > 1.9 * SOON.total_seconds()


async def test_a_server_that_hangs_up_at_once_has_not_answered() -> None:
    async def script(talk: Talk) -> None:
        talk.reset()

    for _ in range(20):
        outcome = await reply_to(script)

        assert isinstance(outcome, Deferred | Unknown)
        assert outcome.fault.code in {Code.BROKEN, Code.UNREACHABLE}


def closes_behind_its_answer(listener: socket.socket, is_closed: threading.Event) -> None:
    """Two connections, each closed right behind its answer, in a thread with its own time."""
    for _ in range(2):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(ok())
        is_closed.set()


async def test_an_end_that_the_loop_has_not_seen_yet_is_seen_before_the_next_request() -> None:
    is_closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        server = threading.Thread(target=closes_behind_its_answer, args=(listener, is_closed))
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with a_client() as client:
            await client.exchange(a_request(url))
            is_closed.wait(PATIENCE)

            answer = await client.exchange(a_request(url))

        server.join(PATIENCE)

    assert isinstance(answer, HttpAnswer)


async def test_a_request_that_may_have_been_processed_is_not_sent_again() -> None:
    async def script(talk: Talk) -> None:
        await saying_once(ok())(talk)
        await talk.hear()

    async with serving(script) as server, a_client() as client:
        await client.exchange(a_request(server.url()))

        outcome = await client.exchange(a_request(server.url(), body=b"once"))

    assert code_of(outcome, Unknown) == Code.BROKEN
    assert [request[-4:] for request in server.requests].count(b"once") == 1


async def test_a_fault_names_the_host_and_nothing_else_of_the_request() -> None:
    async with serving(silence) as server, a_client() as client:
        request = a_request(
            server.url("/secret-path?token=secret"),
            headers={"authorization": "secret"},
            body=b"secret",
            timeout=SOON,
        )

        outcome = await client.exchange(request)

    assert isinstance(outcome, Unknown)
    assert outcome.fault.text == "127.0.0.1 did not answer in time."
