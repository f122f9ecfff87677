"""A call that the gateway hands on to the service that serves it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import APIRouter, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from structlog.testing import capture_logs

from sendwell.adapters.http import HttpClient, Limits, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId
from sendwell.runtime.server.app import FrontDoor, build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.proxy import Proxy
from sendwell.runtime.server.serving import Server
from tests.conformance.http_server import Talk, ok, saying_once, serving
from tests.roles.calling import NoKeys

MOST_BYTES = 1_000
LIMITS = Limits(body_size=MOST_BYTES)
STREAM = "/things/some/stream"
BEGUN = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = b"id: 1\ndata: {}\n\n"
WAIT = b'{"code":"unavailable","detail":"There were too many tries. Wait a while."}'
PROBLEM = "application/problem+json"
CALLERS = Callers(NoKeys(), anonymous=TenantId("acme"))


def a_router() -> APIRouter:
    router = APIRouter()

    @router.get("/things")
    async def shelf(size: int) -> Response:
        return Response(b"x" * size)

    @router.get("/things/{id}")
    async def find(id: str) -> None:  # noqa: A002 - the name in the path
        raise NotFound(f"There is no {id}.")

    @router.get("/things/{id}/stream", response_class=EventSourceResponse)
    async def follow(id: str) -> AsyncIterator[ServerSentEvent]:  # noqa: A002 - the same
        yield ServerSentEvent(data=id)

    @router.post("/things/{status}")
    async def refuse(status: int) -> Response:
        return Response(WAIT, status, {"Retry-After": "840"}, PROBLEM)

    return router


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the gateway, whose only route is one of another service."""
    listener = socket.create_server(("127.0.0.1", 0))
    service = Server(FrontDoor(build_app(CALLERS, [], [a_router()]), []), listener)
    await service.start()
    async with a_client_of_the_gateway_to(listener.getsockname()[1]) as client:
        yield client
    await service.stop()


@asynccontextmanager
async def a_client_of_the_gateway_to(
    port: int, *, limits: Limits = LIMITS
) -> AsyncIterator[httpx2.AsyncClient]:
    http = HttpClient(policy=Trusted(), clock=SystemClock(), limits=limits)
    proxied = Proxy("things", f"http://127.0.0.1:{port}", http).routes_of([a_router()])
    listener = socket.create_server(("127.0.0.1", 0))
    gateway = Server(FrontDoor(build_app(CALLERS, proxied, []), []), listener)
    await gateway.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with asyncio.timeout(60), httpx2.AsyncClient(base_url=url, timeout=30) as client:
            yield client
    finally:
        http.end_streams()
        await gateway.stop()
        await http.close()


async def telling(talk: Talk) -> None:
    """A service that tells one event of a stream, and then nothing more."""
    while (asked := await talk.hear()) is not None:
        if b"/stream " not in asked:
            await talk.say(ok(b"shelf"))
            continue
        await talk.say(BEGUN + b"%x\r\n%s\r\n" % (len(EVENT), EVENT))
        await talk.until_gone()


@pytest.mark.parametrize("sent", [{"X-Request-ID": "cart-7"}, {}])
async def test_a_call_has_one_request_id_in_all_services(
    client: httpx2.AsyncClient, sent: dict[str, str]
) -> None:
    answer = await client.get("/things/a%20b", headers=sent)

    problem = answer.json()
    ids = answer.headers.get_list("x-request-id")
    assert (answer.status_code, problem["instance"]) == (404, "/things/a%20b")
    assert ids == [problem["trace_id"]]
    assert ids[0] == sent.get("X-Request-ID", ids[0])
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_a_query_goes_to_the_service_as_it_is(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/things/some", params={"a/b": "1"})

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/query/a~1b"]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
async def test_what_a_service_says_is_said_by_the_gateway(
    client: httpx2.AsyncClient, status: int
) -> None:
    answer = await client.post(f"/things/{status}")

    assert (status, WAIT) == (answer.status_code, answer.content)
    assert ("840", PROBLEM) == (answer.headers["retry-after"], answer.headers["content-type"])


async def test_an_answer_that_is_too_long_to_be_handed_on_whole_is_none(
    client: httpx2.AsyncClient,
) -> None:
    whole = await client.get("/things", params={"size": MOST_BYTES})
    too_long = await client.get("/things", params={"size": MOST_BYTES + 1})

    assert (200, MOST_BYTES) == (whole.status_code, len(whole.content))
    assert 503 == too_long.status_code
    assert "longer than" in too_long.json()["detail"]


async def test_half_of_an_answer_is_none() -> None:
    half = b"HTTP/1.1 429 Slow\r\ncontent-length: 100\r\n\r\nhalf"

    async with (
        serving(saying_once(half)) as service,
        a_client_of_the_gateway_to(service.port) as client,
    ):
        answer = await client.post("/things/429")

    assert 503 == answer.status_code
    assert "broke off" in answer.json()["detail"]


async def test_a_live_stream_comes_through_while_it_goes_on_and_ends_with_who_follows_it() -> None:
    async with (
        serving(telling) as service,
        a_client_of_the_gateway_to(service.port) as client,
    ):
        async with client.stream("GET", STREAM, headers={"Last-Event-ID": "7"}) as answer:
            first = await anext(answer.aiter_raw())
            is_followed = service.open
        await service.until(lambda: service.open == 0)

    assert (200, "text/event-stream") == (answer.status_code, answer.headers["content-type"])
    assert EVENT == first
    assert 1 == is_followed
    assert b"last-event-id: 7\r\n" in service.requests[0].lower()


async def test_a_live_stream_ends_with_the_service() -> None:
    async def leaving(talk: Talk) -> None:
        await saying_once(BEGUN, b"%x\r\n%s\r\n" % (len(EVENT), EVENT))(talk)

    async with (
        serving(leaving) as service,
        a_client_of_the_gateway_to(service.port) as client,
        client.stream("GET", STREAM) as answer,
    ):
        told = await answer.aread()

    assert EVENT == told


async def test_who_may_not_follow_is_told_so(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/things/some/stream", headers={"Authorization": "Bearer sw_unknown"})

    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
    assert PROBLEM == answer.headers["content-type"]


async def test_live_streams_take_no_connection_from_other_calls() -> None:
    limits = Limits(connections_per_host=1, streams=2)
    async with (
        serving(telling) as service,
        a_client_of_the_gateway_to(service.port, limits=limits) as client,
        client.stream("GET", STREAM),
        client.stream("GET", STREAM),
    ):
        answer = await client.get("/things", params={"size": 1})

    assert (200, b"shelf") == (answer.status_code, answer.content)


async def test_one_live_stream_more_than_may_be_is_refused_until_another_ends() -> None:
    limits = Limits(streams=1)
    async with (
        serving(telling) as service,
        a_client_of_the_gateway_to(service.port, limits=limits) as client,
    ):
        async with client.stream("GET", STREAM):
            refused = await client.get(STREAM)
        await service.until(lambda: service.open == 0)
        async with client.stream("GET", STREAM) as again:
            pass

    assert (503, "1") == (refused.status_code, refused.headers["retry-after"])
    assert 200 == again.status_code


async def test_a_service_that_is_away_is_told_once_and_when_it_is_back() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    async with a_client_of_the_gateway_to(port) as client:
        with capture_logs() as lines:
            refused = [(await client.get("/things?size=1")).status_code for _ in range(3)]
            again = socket.create_server(("127.0.0.1", port))
            service = Server(FrontDoor(build_app(CALLERS, [], [a_router()]), []), again)
            await service.start()
            taken = (await client.get("/things?size=1")).status_code
            await service.stop()

    told = [line["event"] for line in lines if line["event"].startswith("proxy.")]
    assert (refused, taken) == ([503] * 3, 200)
    assert told == ["proxy.no_answer", "proxy.answers"]
