"""Answers that are handed over while they come."""

import asyncio
import ssl
from datetime import timedelta

import pytest
import trustme

from sendwell.adapters.http import Code, Guarded, HttpClient, Limits
from sendwell.domain.outbound import Allowed
from sendwell.domain.outcome import Deferred, Refused, Unknown
from sendwell.ports.http import HttpStream
from tests.conformance.http_calls import SOON, a_client, a_request
from tests.conformance.http_server import (
    PATIENCE,
    Script,
    Talk,
    ok,
    saying_once,
    serving,
    silence,
)

MIB = 1024 * 1024
LONG = timedelta(seconds=PATIENCE)
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
MOMENT = timedelta(milliseconds=50)


async def followed(client: HttpClient, url: str) -> HttpStream:
    stream = await client.follow(a_request(url, method="GET", body=b""))
    assert not isinstance(stream, Deferred | Refused | Unknown), stream
    return stream


async def whole(stream: HttpStream, quiet: timedelta = LONG) -> bytes:
    return b"".join([piece async for piece in stream.pieces(quiet)])


def saying_and_waiting(*pieces: bytes) -> Script:
    async def script(talk: Talk) -> None:
        await saying_once(*pieces)(talk)
        await talk.until_gone()

    return script


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(ok(b"some"), b"some", id="by length"),
        pytest.param(HEAD + b"2\r\nso\r\n2\r\nme\r\n0\r\n\r\n", b"some", id="in chunks"),
        pytest.param(ok(b"", status=b"204 No Content"), b"", id="without a body"),
        pytest.param(b"HTTP/1.1 103 Hint\r\n\r\n" + ok(b"some"), b"some", id="after a hint"),
    ],
)
async def test_an_answer_that_ends_ends_the_stream(answer: bytes, body: bytes) -> None:
    async with serving(saying_and_waiting(answer)) as server, a_client() as client:
        stream = await followed(client, server.url())

        assert body == await whole(stream)
        await server.until(lambda: server.open == 0)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HEAD + b"4\r\nsome\r\n", id="broken off"),
        pytest.param(HEAD + b"4\r\nsome\r\nno chunk\r\n", id="garbled"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nsome", id="without a length"),
    ],
)
async def test_a_stream_ends_with_its_connection(answer: bytes) -> None:
    async with serving(saying_once(answer)) as server, a_client() as client:
        stream = await followed(client, server.url())

        assert b"some" == await whole(stream)


async def test_a_stream_ends_when_nothing_comes_for_too_long() -> None:
    script = saying_and_waiting(HEAD + b"4\r\nsome\r\n")
    async with serving(script) as server, a_client() as client:
        stream = await followed(client, server.url())

        assert b"some" == await whole(stream, MOMENT)
        await server.until(lambda: server.open == 0)


async def test_all_streams_end_when_we_are_about_to_stop() -> None:
    async with serving(saying_and_waiting(HEAD)) as server, a_client() as client:
        stream = await followed(client, server.url())

        client.end_streams()

        assert b"" == await whole(stream)
        await server.until(lambda: server.open == 0)
        later = await client.follow(a_request(server.url()))
        assert isinstance(later, Deferred)
        assert later.fault.code == Code.CLOSING


async def test_no_more_is_read_than_is_taken() -> None:
    said = 0

    async def script(talk: Talk) -> None:
        nonlocal said
        await talk.hear()
        await talk.say(HEAD)
        for _ in range(64):
            await talk.say(b"100000\r\n" + b"x" * MIB + b"\r\n")
            said += 1
        await talk.say(b"0\r\n\r\n")

    async with serving(script) as server, a_client() as client:
        stream = await followed(client, server.url())
        pieces = stream.pieces(LONG)
        first = await anext(pieces)
        said_before = said
        left = [len(piece) async for piece in pieces]

    assert said_before < 32
    assert len(first) + sum(left) == 64 * MIB
    assert max(left) <= MIB


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param(silence, Code.TIMEOUT, id="silent"),
        pytest.param(saying_once(), Code.BROKEN, id="gone"),
        pytest.param(saying_once(b"not HTTP\r\n\r\n"), Code.BROKEN, id="garbled"),
    ],
)
async def test_an_answer_that_does_not_begin_is_unknown(script: Script, code: Code) -> None:
    limits = Limits(streams=1)
    async with serving(script) as server, a_client(limits=limits) as client:
        for _ in range(2):  # the first one has left its place to the second
            outcome = await client.follow(a_request(server.url(), timeout=SOON))

            assert isinstance(outcome, Unknown)
            assert outcome.fault.code == code


async def test_who_gives_up_before_the_answer_begins_leaves_no_connection() -> None:
    limits = Limits(streams=1)
    async with serving(silence) as server, a_client(limits=limits) as client:
        asking = asyncio.create_task(client.follow(a_request(server.url(), timeout=LONG)))
        await server.until(lambda: server.open == 1)
        asking.cancel()
        await asyncio.wait({asking})

        await server.until(lambda: server.open == 0)
        outcome = await client.follow(a_request(server.url(), timeout=MOMENT))
        assert isinstance(outcome, Unknown | Deferred)
        assert outcome.fault.code != Code.CROWDED


async def test_nobody_is_followed_who_cannot_or_may_not_be_reached() -> None:
    async with serving(silence) as gone:
        pass
    async with a_client() as client, a_client(policy=Guarded(allowed=Allowed())) as guarded:
        away = await client.follow(a_request(gone.url()))
        forbidden = await guarded.follow(a_request(gone.url()))

    assert isinstance(away, Deferred)
    assert away.fault.code == Code.CONNECT_REFUSED
    assert isinstance(forbidden, Refused)
    assert forbidden.fault.code == Code.FORBIDDEN_ADDRESS


async def test_a_stream_over_tls_is_of_the_host_that_was_asked() -> None:
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    script = saying_and_waiting(HEAD, b"4\r\nsome\r\n", b"0\r\n\r\n")
    async with (
        serving(script, tls=tls) as server,
        a_client(tls=trusting) as client,
        a_client() as stranger,
    ):
        stream = await followed(client, server.url())
        assert b"some" == await whole(stream)
        refused = await stranger.follow(a_request(server.url()))

    assert isinstance(refused, Deferred)
    assert refused.fault.code == Code.TLS
