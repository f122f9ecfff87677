"""The HTTP application: the hot routes first, then everybody else's, and what all share."""

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from itertools import count
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sendwell import __version__
from sendwell.domain.errors import SendwellError
from sendwell.runtime.server import problems
from sendwell.runtime.server.callers import Callers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Endpoint = Callable[[Request], Awaitable[Response]]

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


class FrontDoor:
    """Gives every answer an X-Request-ID, and takes the hot routes past the framework.

    Measured (PERFORMANCE section 2): a request through all of FastAPI's layers costs 100 us, one
    that goes straight to a bare endpoint 21. The hot routes are known to the framework as well,
    for the wrong methods on them and for the reference page.
    """

    def __init__(self, app: Application, hot: Sequence[Route]) -> None:
        self._app = app
        self._hot: dict[tuple[str, str], Endpoint] = {
            (method, route.path): route.endpoint
            for route in hot
            for method in route.methods or ()
            if "{" not in route.path
        }
        self._numbers = count(1)
        self._prefix = secrets.token_hex(6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._request_id(scope)

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id), _NO_SNIFF]
            await send(message)

        endpoint = self._hot.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._app(scope, receive, send_with_id)
        else:
            await _straight(endpoint, Request(scope, receive), send_with_id)

    def _request_id(self, scope: Scope) -> bytes:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return bytes(value)
        return f"{self._prefix}{next(self._numbers):x}".encode()


async def _straight(endpoint: Endpoint, request: Request, send: Send) -> None:
    try:
        response = await endpoint(request)
    except SendwellError as error:
        response = problems.problem_of(error)
    except Exception as error:  # noqa: BLE001 - the caller gets an answer whatever happens
        response = await problems.on_defect(request, error)
    await response(request.scope, request.receive, send)


def build_app(callers: Callers, hot: Sequence[BaseRoute], routers: Sequence[APIRouter]) -> FastAPI:
    """The application with the routes of every role in this process."""
    app = FastAPI(
        title="Sendwell",
        version=__version__,
        description="Tell a person, or an audience, something; see what became of it.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.callers = callers
    app.router.routes[:0] = hot
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(SendwellError, problems.on_sendwell_error)
    app.add_exception_handler(HTTPException, problems.on_http_exception)
    app.add_exception_handler(RequestValidationError, problems.on_validation_error)
    app.add_exception_handler(Exception, problems.on_defect)
    return app
