"""What ports/http.py promises about requests and answers, held against a real server."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sendwell.adapters.http import Code
from sendwell.domain.outcome import Deferred, Unknown
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import a_client, a_request, reply_to
from tests.conformance.http_server import ok, pieces, saying, saying_once, serving


async def test_a_request_arrives_as_it_was_given() -> None:
    headers = {"Authorization": "Bearer ä", "x-%s": "100 %", "content-type": "text/plain"}
    async with serving(saying(ok())) as server, a_client() as client:
        url = server.url("/a/b?c=d%20e#part")

        await client.exchange(a_request(url, headers=headers, body=b"\0\r\n\r\nbinary"))

        assert server.requests == [
            b"POST /a/b?c=d%%20e HTTP/1.1\r\n"
            b"host: 127.0.0.1:%d\r\n"
            b"accept-encoding: identity\r\n"
            b"Authorization: Bearer \xe4\r\n"
            b"x-%%s: 100 %%\r\n"
            b"content-type: text/plain\r\n"
            b"content-length: 11\r\n"
            b"\r\n"
            b"\0\r\n\r\nbinary" % server.port
        ]


async def test_an_answer_comes_back_whole() -> None:
    fields = (b"X-Twice: one", b"x-twice: two", b"Content-Type: text/plain")

    answer = await reply_to(saying(ok(b"taken", *fields, status=b"202 Accepted")))

    assert answer == HttpAnswer(
        202,
        {"content-length": "5", "x-twice": "one, two", "content-type": "text/plain"},
        b"taken",
    )


@pytest.mark.parametrize(
    "status", [200, 201, 302, 303, 307, 308, 400, 401, 403, 404, 409, 410, 422]
)
async def test_a_status_for_the_vendor_to_interpret_is_an_answer(status: int) -> None:
    answer = await reply_to(saying(ok(b"why", status=b"%d Some Words" % status)))

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body) == (status, b"why")


async def test_a_redirect_is_not_followed() -> None:
    async with serving(saying(ok())) as elsewhere, a_client() as client:
        location = b"location: " + elsewhere.url().encode()
        async with serving(saying(ok(b"", location, status=b"302 Found"))) as server:
            answer = await client.exchange(a_request(server.url()))

    assert isinstance(answer, HttpAnswer)
    assert answer.headers["location"] == elsewhere.url()
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (408, Code.NOT_NOW),
        (425, Code.NOT_NOW),
        (429, Code.THROTTLED),
        (500, Code.SERVER_ERROR),
        (501, Code.SERVER_ERROR),
        (503, Code.SERVER_ERROR),
        (599, Code.SERVER_ERROR),
    ],
)
async def test_a_status_that_means_later_is_deferred(status: int, code: Code) -> None:
    outcome = await reply_to(saying(ok(status=b"%d Later" % status)))

    assert isinstance(outcome, Deferred)
    assert (outcome.fault.code, outcome.wait) == (code, None)
    assert outcome.fault.text == f"127.0.0.1 answered {status}."


@pytest.mark.parametrize("status", [502, 504])
async def test_what_a_gateway_does_not_know_is_unknown(status: int) -> None:
    field = b"Retry-After: 120"

    outcome = await reply_to(saying(ok(b"", field, status=b"%d Gateway" % status)))

    assert isinstance(outcome, Unknown)
    assert (outcome.fault.code, outcome.wait) == (Code.GATEWAY, timedelta(minutes=2))
    assert outcome.fault.text == f"127.0.0.1 answered {status}."


async def test_a_status_that_the_vendor_interprets_comes_back_with_its_wait() -> None:
    script = saying(ok(b"{}", b"Retry-After: 7", status=b"429 Slow Down"))
    async with serving(script) as server, a_client() as client:
        request = a_request(server.url())._replace(interprets=(429,))

        answer = await client.exchange(request)

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body) == (429, b"{}")
    assert answer.wait == timedelta(seconds=7)


async def test_of_a_status_that_the_vendor_interprets_half_an_answer_comes_back_too() -> None:
    script = saying_once(b"HTTP/1.1 429 Slow Down\r\ncontent-length: 3\r\n\r\n{}")
    async with serving(script) as server, a_client() as client:
        request = a_request(server.url())._replace(interprets=(429,))

        answer = await client.exchange(request)

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body, answer.is_cut) == (429, b"{}", True)
    assert answer.wait is None


async def test_a_retry_after_in_seconds_is_passed_on() -> None:
    outcome = await reply_to(saying(ok(b"", b"Retry-After: 120", status=b"429 Slow Down")))

    assert isinstance(outcome, Deferred)
    assert outcome.wait == timedelta(minutes=2)


async def test_a_retry_after_as_a_date_is_counted_from_now() -> None:
    due = datetime.fromtimestamp(time.time(), UTC) + timedelta(minutes=10)
    field = b"Retry-After: " + format_datetime(due, usegmt=True).encode()

    outcome = await reply_to(saying(ok(b"", field, status=b"503 Busy")))

    assert isinstance(outcome, Deferred)
    assert outcome.wait is not None
    assert timedelta(minutes=9) < outcome.wait <= timedelta(minutes=10)


async def test_interim_answers_are_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </style>\r\n\r\n"

    answer = await reply_to(saying(interim + ok(b"final")))

    assert answer == HttpAnswer(200, {"content-length": "5"}, b"final")


async def test_the_answer_to_head_has_no_body() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    async with serving(saying(head)) as server, a_client() as client:
        request = a_request(server.url(), method="HEAD", body=b"")

        answers = [await client.exchange(request) for _ in range(2)]

    assert answers == [HttpAnswer(200, {"content-length": "1000"}, b"")] * 2


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_leaves_the_connection_usable(status: bytes) -> None:
    empty = b"HTTP/1.1 " + status + b"\r\n\r\n"
    async with serving(saying(empty, ok(b"next"))) as server, a_client() as client:
        first = await client.exchange(a_request(server.url()))
        second = await client.exchange(a_request(server.url()))

    assert isinstance(first, HttpAnswer)
    assert first.body == b""
    assert isinstance(second, HttpAnswer)
    assert second.body == b"next"
    assert server.connections == 1


CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"5;note=x\r\nhello\r\n6\r\n world\r\n0\r\nx-trailer: ignored\r\n\r\n"
)


@pytest.mark.parametrize("size", [1, 7, len(CHUNKED)])
async def test_a_chunked_body_is_put_together(size: int) -> None:
    answer = await reply_to(saying_once(*pieces(CHUNKED, size)))

    assert answer == HttpAnswer(200, {"transfer-encoding": "chunked"}, b"hello world")


async def test_a_body_may_end_with_the_connection() -> None:
    answer = await reply_to(saying_once(b"HTTP/1.1 200 OK\r\n\r\nto the", b" end"))

    assert answer == HttpAnswer(200, {}, b"to the end")


async def test_http_1_0_is_understood() -> None:
    async with serving(saying_once(b"HTTP/1.0 200 OK\r\n\r\nold")) as server, a_client() as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(2)]

    assert answers == [HttpAnswer(200, {}, b"old")] * 2
    assert server.connections == 2


async def test_an_offer_to_upgrade_changes_nothing() -> None:
    offer = (b"upgrade: h2c", b"connection: upgrade")

    answer = await reply_to(saying(ok(b"plain", *offer)))

    assert isinstance(answer, HttpAnswer)
    assert answer.body == b"plain"
