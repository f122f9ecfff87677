"""Routes of roles in other services, offered where clients call: one public API."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sendwell.domain.errors import Unavailable
from sendwell.domain.outcome import Deferred, Fault, Refused, Unknown
from sendwell.ports.http import HttpAnswer, HttpRequest, HttpStream, Passage
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.client_address import OWN_HEADERS, told_by
from sendwell.runtime.server.framework import REQUEST_ID, path_of
from sendwell.telemetry.outage import Outage

log = structlog.get_logger()
_MOST_BYTES = 10 * 1024 * 1024
_PATIENCE = timedelta(seconds=65)
"""Some calls wait for something to happen, a minute at most."""
_BEGINNING = timedelta(seconds=10)
_SILENCE = timedelta(seconds=45)
"""Of a live stream, which says at least every 15 s that it is there."""
_HOP_BY_HOP = frozenset({
    "accept-encoding", "connection", "content-length", "host", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    *OWN_HEADERS,
})  # fmt: skip
_STAMPED = frozenset({"x-request-id", "x-content-type-options"})
"""What our own front door adds to every answer as well."""


class Proxy:
    """Hands calls on to one service, and its answers back. `token` proves that we are one too."""

    def __init__(self, role: str, url: str, passage: Passage, *, token: str = "") -> None:
        self._role = role
        self._token = token
        self._url = url.rstrip("/")
        self._passage = passage
        self._outage = Outage("proxy.no_answer", "proxy.answers", role=role)

    def routes_of(self, routers: Sequence[APIRouter]) -> list[Route]:
        """What the role offers, as routes that lead there."""
        return [
            Route(route.path, self._way_of(route), methods=sorted(route.methods or ()))
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute)
        ]

    async def hand_on(self, request: Request) -> Response:
        """The service's answer, whatever it is. Raises Unavailable where it gives none."""
        answer = await self._passage.hand_on(await self._asked(request, _PATIENCE))
        if not isinstance(answer, HttpAnswer):
            raise self._unanswered(answer.fault)
        self._outage.is_over()
        if answer.is_cut:
            log.warning("proxy.cut_answer", role=self._role, path=path_of(request))
            raise Unavailable(
                f"The service {self._role} has answered longer than is handed on, or broke off."
            )
        headers = _passed_on(answer.headers.items(), but=_STAMPED)
        return Response(answer.body, answer.status, headers)

    async def follow(self, request: Request) -> Response:
        """The service's answer while it comes, until one of the two sides leaves."""
        stream = await self._passage.follow(await self._asked(request, _BEGINNING))
        if isinstance(stream, Deferred | Refused | Unknown):
            raise self._unanswered(stream.fault)
        self._outage.is_over()
        return _Followed(stream)

    def _way_of(self, route: APIRoute) -> Callable[[Request], Awaitable[Response]]:
        is_live = route.response_class is EventSourceResponse
        return self.follow if is_live else self.hand_on

    async def _asked(self, request: Request, patience: timedelta) -> HttpRequest:
        query = f"?{request.url.query}" if request.url.query else ""
        return HttpRequest(
            request.method,
            f"{self._url}{path_of(request)}{query}",
            self._headers(request),
            await body_of(request, most=_MOST_BYTES),
            patience,
        )

    def _unanswered(self, fault: Fault) -> Unavailable:
        self._outage.lasts(fault.text)
        return Unavailable(f"The service {self._role} does not answer right now.")

    def _headers(self, request: Request) -> dict[str, str]:
        """The caller's, where the call came from, and by what name it goes here."""
        passed_on = _passed_on(request.headers.items())
        if request_id := request.scope.get(REQUEST_ID):
            passed_on["x-request-id"] = request_id.decode("ascii")
        return {**passed_on, **told_by(request, self._token)}


class _Followed(StreamingResponse):
    """Closes the stream however it ends: also when the caller leaves in the middle of a piece."""

    def __init__(self, stream: HttpStream) -> None:
        headers = _passed_on(stream.headers.items(), but=_STAMPED)
        super().__init__(stream.pieces(_SILENCE), stream.status, headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


def _passed_on(
    headers: Iterable[tuple[str, str]], *, but: frozenset[str] = frozenset()
) -> dict[str, str]:
    dropped = _HOP_BY_HOP | but
    return {name: value for name, value in headers if name.lower() not in dropped}
