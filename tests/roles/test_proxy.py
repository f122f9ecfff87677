"""A call that the gateway hands on to the service that serves it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import APIRouter, Response

from sendwell.adapters.http import HttpClient, Limits, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId
from sendwell.runtime.server.app import FrontDoor, build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.proxy import Proxy
from sendwell.runtime.server.serving import Server
from tests.conformance.http_server import saying_once, serving
from tests.roles.calling import NoKeys

MOST_BYTES = 1_000
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
async def a_client_of_the_gateway_to(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    http = HttpClient(policy=Trusted(), clock=SystemClock(), limits=Limits(body_size=MOST_BYTES))
    proxied = Proxy("things", f"http://127.0.0.1:{port}", http).routes_of([a_router()])
    door = FrontDoor(build_app(CALLERS, proxied, []), [])
    transport = httpx2.ASGITransport(door)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
    await http.close()


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
