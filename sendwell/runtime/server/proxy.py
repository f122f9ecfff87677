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
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.client_address import OWN_HEADERS, told_by

log = structlog.get_logger()
_MOST_BYTES = 10 * 1024 * 1024
_PATIENCE = timedelta(seconds=65)
"""Some calls wait for something to happen, a minute at most."""
_HOP_BY_HOP = frozenset({
    "accept-encoding", "connection", "content-length", "host", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    *OWN_HEADERS,
})  # fmt: skip


class Proxy:
    """Hands calls on to one service, and its answers back. `token` proves that we are one too."""

    def __init__(self, role: str, url: str, http: Http, *, token: str = "") -> None:
        self._role = role
        self._token = token
        self._url = url.rstrip("/")
        self._http = http

    def routes_of(self, routers: Sequence[APIRouter]) -> list[Route]:
        """What the role offers, as routes that lead there."""
        return [
            Route(route.path, self.hand_on, methods=sorted(route.methods or ()))
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute)
        ]

    async def hand_on(self, request: Request) -> Response:
        """The service's answer. Raises Unavailable where it gives none."""
        query = f"?{request.url.query}" if request.url.query else ""
        asked = HttpRequest(
            request.method,
            f"{self._url}{_path_of(request)}{query}",
            {**_passed_on(request.headers.items()), **told_by(request, self._token)},
            await body_of(request, most=_MOST_BYTES),
            _PATIENCE,
        )
        answer = await self._http.exchange(asked)
        if not isinstance(answer, HttpAnswer):
            log.warning("proxy.no_answer", role=self._role, why=answer.fault.text)
            raise Unavailable(f"The service {self._role} does not answer right now.")
        return Response(answer.body, answer.status, _passed_on(answer.headers.items()))


def _path_of(request: Request) -> str:
    """As it came: decoded, `%25` and `%2F` would mean something else at the next one."""
    raw: bytes | None = request.scope.get("raw_path")
    return request.url.path if raw is None else raw.decode("latin-1")


def _passed_on(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _HOP_BY_HOP}
