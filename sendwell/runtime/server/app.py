"""The HTTP application: the hot routes first, then everybody else's, and what all share."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
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
from sendwell.runtime.server.call_route import CallRoute
from sendwell.runtime.server.callers import ACTING, Callers
from sendwell.runtime.server.framework import REQUEST_ID, response_of
from sendwell.runtime.server.hot_protocol import Hot
from sendwell.runtime.server.known_query import KNOWN_QUERY
from sendwell.runtime.server.stamp import Stamp

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Straight = Callable[[Request], Awaitable[Response]]


class FrontDoor:
    """Stamps every answer, and takes the hot routes past the framework.

    Measured on one core: a request through all of FastAPI's layers costs 100 us, one that goes
    straight to a bare endpoint 21. The hot routes are known to the framework as well, for
    the wrong methods on them and for the reference page. `hot` is what the server may take past
    even this door (see `hot_protocol`).
    """

    def __init__(self, app: Application, hot: Sequence[Route]) -> None:
        self._app = app
        self._endpoints: dict[tuple[str, str], Straight] = {
            (method, route.path): route.endpoint
            for route in hot
            for method in route.methods or ()
            if "{" not in route.path
        }
        self._stamp = Stamp()
        self.hot = Hot.of((route for route in hot if isinstance(route, CallRoute)), self._stamp)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stamped = self._stamp(scope["headers"])
        scope[REQUEST_ID] = stamped[0][1]

        async def send_stamped(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *stamped]
            await send(message)

        endpoint = self._endpoints.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._app(scope, receive, send_stamped)
        else:
            await _straight(endpoint, Request(scope, receive), send_stamped)


async def _straight(endpoint: Straight, request: Request, send: Send) -> None:
    try:
        response = await endpoint(request)
    except SendwellError as error:
        response = response_of(problems.problem_of(error), request)
    except Exception as error:  # noqa: BLE001 - the caller gets an answer whatever happens
        response = await problems.on_defect(request, error)
    await response(request.scope, request.receive, send)


def build_app(
    callers: Callers,
    hot: Sequence[BaseRoute],
    routers: Sequence[APIRouter],
    *,
    above_tenants: Sequence[APIRouter] = (),
    service_tokens: Sequence[str] = (),
) -> FastAPI:
    """The application with the routes of every role in this process.

    `routers` serve one tenant's data; those `above_tenants` also look at others. By
    one of `service_tokens` other services prove what they are.
    """
    app = FastAPI(
        title="Sendwell",
        version=__version__,
        description="Tell a person, or an audience, something; see what became of it.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # Behind a proxy that speaks TLS they would lead to plain HTTP.
        redirect_slashes=False,
    )
    app.state.callers = callers
    app.state.service_tokens = service_tokens
    app.router.routes[:0] = hot
    for router in routers:
        app.include_router(router, dependencies=[ACTING, KNOWN_QUERY])
    for router in above_tenants:
        app.include_router(router, dependencies=[KNOWN_QUERY])
    app.add_exception_handler(SendwellError, problems.on_sendwell_error)
    app.add_exception_handler(HTTPException, problems.on_http_exception)
    app.add_exception_handler(RequestValidationError, problems.on_validation_error)
    app.add_exception_handler(Exception, problems.on_defect)
    return app
