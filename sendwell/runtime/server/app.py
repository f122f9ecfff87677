"""The HTTP application: the hot routes first, then everybody else's, and what all share."""

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from sendwell import __version__
from sendwell.domain.errors import SendwellError
from sendwell.runtime.server import problems
from sendwell.runtime.server.callers import Callers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_NO_SNIFF = "nosniff"


class RequestIds:
    """Gives every answer an X-Request-ID: the caller's own if well-formed, else a new one."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = _NO_SNIFF
            await send(message)

        await self._app(scope, receive, send_with_id)


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
    app.add_middleware(RequestIds)
    app.add_exception_handler(SendwellError, problems.on_sendwell_error)
    app.add_exception_handler(HTTPException, problems.on_http_exception)
    app.add_exception_handler(RequestValidationError, problems.on_validation_error)
    app.add_exception_handler(Exception, problems.on_defect)
    return app
