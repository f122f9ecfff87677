"""Routes of roles in other services, offered where clients call: one public API."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.errors import Unavailable
from sendwell.ports.http import HttpAnswer, HttpRequest, Passage
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.client_address import OWN_HEADERS, told_by
from sendwell.runtime.server.framework import REQUEST_ID, path_of

log = structlog.get_logger()
_MOST_BYTES = 10 * 1024 * 1024
_PATIENCE = timedelta(seconds=65)
"""Some calls wait for something to happen, a minute at most."""
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

    def routes_of(self, routers: Sequence[APIRouter]) -> list[Route]:
        """What the role offers, as routes that lead there."""
        return [
            Route(route.path, self.hand_on, methods=sorted(route.methods or ()))
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute)
        ]

    async def hand_on(self, request: Request) -> Response:
        """The service's answer, whatever it is. Raises Unavailable where it gives none."""
        query = f"?{request.url.query}" if request.url.query else ""
        asked = HttpRequest(
            request.method,
            f"{self._url}{path_of(request)}{query}",
            self._headers(request),
            await body_of(request, most=_MOST_BYTES),
            _PATIENCE,
        )
        answer = await self._passage.hand_on(asked)
        if not isinstance(answer, HttpAnswer):
            log.warning("proxy.no_answer", role=self._role, why=answer.fault.text)
            raise Unavailable(f"The service {self._role} does not answer right now.")
        if answer.is_cut:
            log.warning(
                "proxy.no_answer", role=self._role, why="it is longer than is taken, or broke off"
            )
            raise Unavailable(
                f"The service {self._role} has answered longer than is handed on, or broke off."
            )
        headers = _passed_on(answer.headers.items(), but=_STAMPED)
        return Response(answer.body, answer.status, headers)

    def _headers(self, request: Request) -> dict[str, str]:
        """The caller's, where the call came from, and by what name it goes here."""
        passed_on = _passed_on(request.headers.items())
        if request_id := request.scope.get(REQUEST_ID):
            passed_on["x-request-id"] = request_id.decode("ascii")
        return {**passed_on, **told_by(request, self._token)}


def _passed_on(
    headers: Iterable[tuple[str, str]], *, but: frozenset[str] = frozenset()
) -> dict[str, str]:
    dropped = _HOP_BY_HOP | but
    return {name: value for name, value in headers if name.lower() not in dropped}
