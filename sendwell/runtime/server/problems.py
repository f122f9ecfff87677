"""Errors as RFC 9457 problem documents, made in this one table."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from sendwell.domain.errors import (
    Conflict,
    Denied,
    Flaw,
    Invalid,
    NotFound,
    SendwellError,
    TooLarge,
    Unavailable,
)
from sendwell.runtime.server.calls import Call, Endpoint, Header, Reply
from sendwell.runtime.server.flaws import flaw_of, members_of
from sendwell.runtime.server.framework import response_of

log = structlog.get_logger()
_KIND = b"application/problem+json"
DOCS = "/docs/errors#"
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Bad request",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    414: "Too large",
    415: "Unsupported media type",
    422: "Unprocessable",
    429: "Too many requests",
    431: "Too large",
    500: "Internal error",
    503: "Unavailable",
}


class Problem(Reply):
    """An `application/problem+json` answer. `code` is stable; `detail` is for people."""

    __slots__ = ("_document",)

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        flaws: Sequence[Flaw] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._document: dict[str, Any] = {
            "type": f"{DOCS}{code}",
            "title": _TITLES.get(status, "Error"),
            "status": status,
            "detail": detail,
            "code": code,
        }
        if flaws:
            self._document["errors"] = [{"pointer": f.pointer, "detail": f.why} for f in flaws]
        body = msgspec.json.encode(self._document)
        super().__init__(status, body, headers=_raw(headers or {}), kind=_KIND)

    def of_request(self, path: str, request_id: bytes) -> Self:
        """The problem, with what names the request: its path, and its X-Request-ID."""
        self._document["instance"] = path
        if request_id:
            self._document["trace_id"] = request_id.decode("ascii")
        self.body = msgspec.json.encode(self._document)
        return self


def problem_of(error: SendwellError) -> Problem:
    """The answer for one of our errors."""
    headers: dict[str, str] = {}
    match error:
        case TooLarge():
            status = 413
        case Invalid():
            status = 422 if error.code in _UNPROCESSABLE else 400
        case Conflict():
            status = 412 if error.code == "precondition_failed" else 409
        case NotFound():
            status = 404
        case Denied(is_unknown=True):
            status, headers = 401, {"WWW-Authenticate": "Bearer"}
        case Denied():
            status = 403
        case Unavailable():
            status = 429 if error.is_too_many else 503
            headers = {"Retry-After": str(max(1, math.ceil(error.retry_after.total_seconds())))}
        case _:
            status = 500
    return Problem(status, error.code, error.message, flaws=error.flaws, headers=headers)


_UNPROCESSABLE = frozenset({"idempotency_key_reused", "missing_variable", "data_mismatch"})


def defect(path: str, error: Exception) -> Problem:
    """The answer to what must not happen: says nothing about our insides."""
    log.error("http.defect", path=path, exc_info=error)
    return Problem(500, "internal", "Something went wrong on our side. It has been logged.")


async def answered(call: Call, endpoint: Endpoint) -> Reply:
    """What the endpoint says to the call; an error becomes its problem document."""
    try:
        return await endpoint(call)
    except SendwellError as error:
        return problem_of(error)
    except Exception as error:  # noqa: BLE001 - the caller gets an answer whatever happens
        return defect(call.path, error)


async def on_sendwell_error(request: Request, error: Exception) -> Response:
    """Handler for our own errors."""
    assert isinstance(error, SendwellError)  # noqa: S101 - registered for it
    return response_of(problem_of(error), request)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handler for what the framework refuses: unknown paths, methods, media types."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code = _TITLES.get(error.status_code, "error").lower().replace(" ", "_")
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {**(headers or {}), "Allow": ", ".join(_allowed(request))}
    problem = Problem(error.status_code, code, str(error.detail), headers=headers)
    return response_of(problem, request)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def _allowed(request: Request) -> list[str]:
    """What may be done with this path: the framework tells only of the first route that fits."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Handler for bodies and parameters that FastAPI's models refuse."""
    if isinstance(getattr(error, "body", None), bytes):  # FastAPI reads by Content-Type
        return response_of(_no_json(request), request)
    known = _fields_of(request)
    flaws = [flaw_of(each, known) for each in getattr(error, "errors", list)()]
    first = flaws[0] if flaws else Flaw("", "The request is not valid.")
    problem = Problem(400, "invalid", f"{first.pointer or 'The body'}: {first.why}", flaws=flaws)
    return response_of(problem, request)


def _no_json(request: Request) -> Problem:
    kind = request.headers.get("content-type")
    said = f"This came as {kind}." if kind else "This came without."
    send_json = f"Send JSON, with `Content-Type: application/json`. {said}"
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", send_json)


async def on_defect(request: Request, error: Exception) -> Response:
    """Handler for what must not happen."""
    return response_of(defect(request.url.path, error), request)


def _raw(headers: Mapping[str, str]) -> list[Header]:
    return [(name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers.items()]


def _fields_of(request: Request) -> tuple[str, ...]:
    """The members of the object that the route takes, where it takes one."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body.field_info.annotation if body is not None else None
    return members_of(model)
