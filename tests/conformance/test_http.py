"""What ports/http.py promises, held against servers that behave and servers that do not."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sendwell.adapters.http import Code, HttpClient, Limits, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.domain.outcome import Blame, Deferred, Refused, Unknown
from sendwell.ports.http import HttpAnswer, HttpRequest
from tests.conformance.http_server import (
    PATIENCE,
    Script,
    Server,
    Talk,
    ok,
    pieces,
    saying,
    saying_once,
    serving,
)

SOON = timedelta(seconds=0.2)
MIB = 1024 * 1024


@asynccontextmanager
async def a_client(
    *, limits: Limits | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpClient]:
    client = HttpClient(policy=Trusted(), clock=SystemClock(), limits=limits, tls=tls)
    async with asyncio.timeout(30):
        yield client
        await client.close()


def a_request(
    url: str,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"hello",
    timeout: timedelta = timedelta(seconds=PATIENCE),
) -> HttpRequest:
    return HttpRequest(method, url, headers or {}, body, timeout)


Reply = HttpAnswer | Deferred | Refused | Unknown


async def reply_to(script: Script, **changes: object) -> Reply:
    async with serving(script) as server, a_client() as client:
        return await client.exchange(a_request(server.url(), **changes))  # type: ignore[arg-type]


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
        (503, Code.SERVER_ERROR),
        (599, Code.SERVER_ERROR),
    ],
)
async def test_a_status_that_means_later_is_deferred(status: int, code: Code) -> None:
    outcome = await reply_to(saying(ok(status=b"%d Later" % status)))

    assert isinstance(outcome, Deferred)
    assert (outcome.fault.code, outcome.wait) == (code, None)
    assert outcome.fault.text == f"127.0.0.1 answered {status}."


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


async def test_a_connection_is_used_again() -> None:
    async with serving(saying(ok(b"1"), ok(b"2"), ok(b"3"))) as server, a_client() as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(3)]

    assert [b"1", b"2", b"3"] == [answer.body for answer in answers]  # type: ignore[union-attr]
    assert server.connections == 1


async def test_a_connection_that_the_server_wants_closed_is_not_used_again() -> None:
    async with serving(saying(ok(b"", b"connection: close"))) as server, a_client() as client:
        for _ in range(2):
            await client.exchange(a_request(server.url()))

    assert server.connections == 2


async def test_what_nobody_asked_for_ends_a_connection() -> None:
    async with serving(saying(ok(b"mine") + ok(b"stray"))) as server, a_client() as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(2)]

    assert answers == [HttpAnswer(200, {"content-length": "4"}, b"mine")] * 2
    assert server.connections == 2


async def test_garbage_after_a_complete_answer_does_not_spoil_it() -> None:
    answer = await reply_to(saying(ok(b"mine") + b"\0garbage"))

    assert answer == HttpAnswer(200, {"content-length": "4"}, b"mine")


async def test_an_idle_connection_that_speaks_up_is_closed() -> None:
    async def script(talk: Talk) -> None:
        await saying_once(ok())(talk)
        await talk.say(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await talk.until_gone()

    async with serving(script) as server, a_client() as client:
        await client.exchange(a_request(server.url()))
        await server.until(lambda: server.open == 0)

        answer = await client.exchange(a_request(server.url()))

    assert isinstance(answer, HttpAnswer)
    assert answer.status == 200


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    limits = Limits(idle=timedelta(milliseconds=30))
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        await client.exchange(a_request(server.url()))

        await server.until(lambda: server.open == 0)

        assert isinstance(await client.exchange(a_request(server.url())), HttpAnswer)
        assert server.connections == 2


async def test_more_exchanges_than_connections_wait_in_the_order_of_coming() -> None:
    limits = Limits(connections_per_host=2)
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        requests = [a_request(server.url(), body=b"%02d" % number) for number in range(20)]

        answers = await asyncio.gather(*(client.exchange(request) for request in requests))

    assert all(isinstance(answer, HttpAnswer) for answer in answers)
    assert server.peak == 2
    arrived = [int(request[-2:]) for request in server.requests]
    assert all(abs(place - number) < 2 for place, number in enumerate(arrived))


async def test_waiting_in_line_counts_towards_the_time_out() -> None:
    limits = Limits(connections_per_host=1)
    async with serving(silence) as server, a_client(limits=limits) as client:
        first = asyncio.create_task(client.exchange(a_request(server.url(), timeout=2 * SOON)))
        await server.until(lambda: server.connections == 1)

        outcome = await client.exchange(a_request(server.url(), body=b"second", timeout=SOON))
        await first

    assert isinstance(outcome, Deferred)
    assert outcome.fault.code == Code.CROWDED
    assert len(server.requests) == 1


async def test_there_are_never_many_idle_connections_in_all() -> None:
    limits = Limits(connections=2)
    async with (
        serving(saying(ok())) as one,
        serving(saying(ok())) as two,
        serving(saying(ok())) as three,
        a_client(limits=limits) as client,
    ):
        for server in (one, two, three):
            await client.exchange(a_request(server.url()))

        await one.until(lambda: one.open == 0)

        assert [0, 1, 1] == [one.open, two.open, three.open]


async def test_a_cancelled_exchange_closes_its_connection_and_gives_its_turn_back() -> None:
    limits = Limits(connections_per_host=1)
    async with serving(silence) as server, a_client(limits=limits) as client:
        abandoned = asyncio.create_task(client.exchange(a_request(server.url())))
        await server.until(lambda: len(server.requests) == 1 or server.open == 1)

        abandoned.cancel()
        await server.until(lambda: server.open == 0)
        next_one = await client.exchange(a_request(server.url(), timeout=SOON))

    assert abandoned.cancelled()
    assert isinstance(next_one, Unknown)
    assert server.connections == 2


async def test_one_who_stops_waiting_in_line_leaves_no_gap() -> None:
    limits = Limits(connections_per_host=1)
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        exchanges = [
            asyncio.create_task(client.exchange(a_request(server.url()))) for _ in range(3)
        ]
        await asyncio.sleep(0)

        exchanges[1].cancel()
        answers = await asyncio.gather(exchanges[0], exchanges[2])

    assert all(isinstance(answer, HttpAnswer) for answer in answers)
    assert len(server.requests) == 2


async def test_close_ends_idle_connections() -> None:
    async with serving(saying(ok())) as server:
        async with a_client() as client:
            await client.exchange(a_request(server.url()))

        await server.until(lambda: server.open == 0)


async def test_close_waits_for_open_exchanges() -> None:
    go_on = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await go_on.wait()
        await talk.say(ok(b"late"))
        await talk.until_gone()

    async with serving(script) as server, a_client() as client:
        exchange = asyncio.create_task(client.exchange(a_request(server.url())))
        await server.until(lambda: server.open == 1)

        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        refused = await client.exchange(a_request(server.url()))
        assert not closing.done()
        go_on.set()
        await closing

        assert await exchange == HttpAnswer(200, {"content-length": "4"}, b"late")
        assert isinstance(refused, Deferred)
        assert refused.fault.code == Code.CLOSING


async def test_close_may_be_called_twice_and_without_any_exchange() -> None:
    client = HttpClient(policy=Trusted(), clock=SystemClock())

    await client.close()
    await client.close()


async def silence(talk: Talk) -> None:
    await talk.hear()
    await talk.until_gone()


def code_of(outcome: Reply, kind: Callable[..., object]) -> str:
    assert isinstance(outcome, kind)  # type: ignore[arg-type]
    assert isinstance(outcome, Deferred | Refused | Unknown)
    return outcome.fault.code


async def nobody(server_was: Server) -> Reply:
    async with a_client() as client:
        return await client.exchange(a_request(server_was.url()))


async def test_a_refused_connection_is_deferred() -> None:
    async with serving(silence) as server:
        pass

    outcome = await nobody(server)

    assert code_of(outcome, Deferred) == Code.CONNECT_REFUSED
    assert isinstance(outcome, Deferred)
    assert outcome.fault.blame is Blame.PROVIDER


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
