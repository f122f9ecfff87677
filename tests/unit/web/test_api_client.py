"""The pages' calls of the API: in the process, for the person at the browser."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sendwell.web.api_client import ApiClient


async def _echo(request: Request) -> Response:
    body = await request.body()
    seen = {
        "method": request.method,
        "path": request.url.path,
        "query": dict(request.query_params),
        "headers": dict(request.headers),
        "client": request.client.host if request.client else None,
        "body": body.decode(),
    }
    return JSONResponse(seen, 201, {"Retry-After": "3"})


API = Starlette(routes=[Route("/api/{rest:path}", _echo, methods=["GET", "POST"])])


def browser(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "scheme": "http",
            "method": "GET",
            "path": "/",
            "headers": raw,
            "client": ("192.0.2.7", 4711),
            "server": ("127.0.0.1", 8000),
        }
    )


async def test_a_call_carries_the_key_and_json() -> None:
    client = ApiClient(API, browser(host="127.0.0.1:8000"), key="sw_key")

    answer = await client.call("POST", "/api/v1/x", query={"a": "1 & 2"}, body={"b": [1]})

    seen: dict[str, Any] = answer.json()
    assert (answer.status, answer.is_good, answer.headers["retry-after"]) == (201, True, "3")
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/api/v1/x", {"a": "1 & 2"})
    assert seen["body"] == '{"b":[1]}'
    assert seen["headers"]["authorization"] == "Bearer sw_key"
    assert seen["headers"]["content-type"] == "application/json"
    assert seen["client"] == "192.0.2.7"


async def test_what_guards_calls_without_a_key_is_passed_on_and_nothing_else() -> None:
    given = browser(
        host="evil.example", x_forwarded_for="1.2.3.4", origin="http://a", cookie="c", accept="d"
    )

    answer = await ApiClient(API, given, key=None).call("GET", "/api/v1/x")

    assert answer.json()["headers"] == {
        "host": "evil.example",
        "x-forwarded-for": "1.2.3.4",
        "content-length": "0",
    }


async def test_an_error_is_an_answer() -> None:
    answer = await ApiClient(API, browser(), key=None).call("GET", "/elsewhere")

    assert (answer.status, answer.is_good) == (404, False)
