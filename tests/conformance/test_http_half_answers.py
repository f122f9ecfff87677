"""What counts of an answer that breaks off, or comes before the request is written."""

import asyncio
from datetime import timedelta

import pytest

from sendwell.adapters.http import Code
from sendwell.domain.outcome import Deferred, Unknown
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import SOON, code_of, reply_to
from tests.conformance.http_server import (
    Talk,
    ok,
    saying_once,
)

TOO_MUCH_TO_BUFFER = b"x" * (64 * 1024 * 1024)


async def test_a_status_that_means_later_counts_even_if_its_body_breaks_off() -> None:
    head = b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 100\r\n\r\n"

    outcome = await reply_to(saying_once(head + b"only this"))

    assert code_of(outcome, Deferred) == Code.SERVER_ERROR
    assert isinstance(outcome, Deferred)
    assert outcome.wait == timedelta(seconds=7)


ENOUGH = frozenset({202})


@pytest.mark.parametrize(
    "rest",
    [
        b"content-length: 5\r\n\r\nhalf",
        b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nfive\r\n",
    ],
    ids=["length", "chunked", "garbled"],
)
async def test_a_status_that_is_enough_counts_though_its_body_breaks_off(rest: bytes) -> None:
    script = saying_once(b"HTTP/1.1 202 Accepted\r\n" + rest)

    answer = await reply_to(script, enough=ENOUGH)

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body, answer.is_cut) == (202, b"half", True)


async def test_a_status_that_is_enough_counts_though_its_body_never_ends() -> None:
    async def script(talk: Talk) -> None:
        await saying_once(b"HTTP/1.1 202 Accepted\r\n\r\nhalf")(talk)
        await talk.until_gone()

    answer = await reply_to(script, within=3 * SOON, enough=ENOUGH)

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body, answer.is_cut) == (202, b"half", True)


async def test_another_status_needs_its_body() -> None:
    script = saying_once(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhalf")

    assert code_of(await reply_to(script, enough=ENOUGH), Unknown) == Code.BROKEN


async def test_a_deadline_before_the_request_is_written_is_deferred() -> None:
    async def deaf(_: Talk) -> None:
        await asyncio.Event().wait()  # nobody reads, so the buffers on the way fill up

    outcome = await reply_to(deaf, body=TOO_MUCH_TO_BUFFER, within=SOON)

    assert code_of(outcome, Deferred) == Code.TIMEOUT


async def test_a_connection_broken_before_the_request_is_written_is_deferred() -> None:
    async def script(talk: Talk) -> None:
        await talk.reader.readexactly(1000)
        talk.reset()

    outcome = await reply_to(script, body=TOO_MUCH_TO_BUFFER)

    assert code_of(outcome, Deferred) == Code.BROKEN


async def test_half_an_answer_before_the_request_is_written_does_not_count() -> None:
    async def script(talk: Talk) -> None:
        await talk.reader.readexactly(1000)
        await talk.say(b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\nfive\r\n")
        await talk.until_gone()

    outcome = await reply_to(script, body=TOO_MUCH_TO_BUFFER, enough=ENOUGH)

    assert code_of(outcome, Deferred) == Code.BAD_ANSWER


async def test_an_answer_before_the_request_is_written_counts() -> None:
    async def script(talk: Talk) -> None:
        await talk.reader.readexactly(1000)
        await talk.say(ok(b"no", status=b"413 Too Large"))
        await talk.until_gone()

    answer = await reply_to(script, body=TOO_MUCH_TO_BUFFER)

    assert isinstance(answer, HttpAnswer)
    assert answer.status == 413


@pytest.mark.parametrize(
    "rest",
    [b"content-length: 0\r\n\r\n", b"transfer-encoding: chunked\r\n\r\nfive\r\n"],
    ids=["whole", "garbled"],
)
async def test_what_a_gateway_says_before_the_request_is_written_is_certain(rest: bytes) -> None:
    async def script(talk: Talk) -> None:
        await talk.reader.readexactly(1000)
        await talk.say(b"HTTP/1.1 504 Gateway Timeout\r\n" + rest)
        await talk.until_gone()

    outcome = await reply_to(script, body=TOO_MUCH_TO_BUFFER)

    assert code_of(outcome, Deferred) == Code.SERVER_ERROR
