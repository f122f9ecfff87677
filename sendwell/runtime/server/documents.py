"""What all documents of this API have in common: how they are read, how errors look."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Header
from fastapi.routing import APIRoute
from pydantic import WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.strict_json import strict_json

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def strict_route(most_bytes: int) -> type[APIRoute]:
    """A kind of route that reads at most so many bytes of body and takes only strict JSON.

    The framework's own parser lets things through that nobody can store or send on.
    """

    class StrictRoute(APIRoute):
        def get_route_handler(self) -> _Handler:
            handle = super().get_route_handler()

            async def strictly(request: Request) -> Response:
                body = await body_of(request, most=most_bytes)
                if body:
                    strict_json(body, subject="The body")

                async def again() -> Message:
                    return {"type": "http.request", "body": body, "more_body": False}

                return await handle(Request(request.scope, again))

            return strictly

    return StrictRoute


Moment = Annotated[str | None, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time as `domain.instant` writes it."""

IfMatch = Annotated[
    str | None,
    Header(description="The ETag of what you have seen; anything else is left as it is."),
]


def tags_of(if_match: str | None) -> frozenset[str] | None:
    """The tags in an If-Match, None for any (RFC 9110 13.1.1: weak ones never match)."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (tag.strip() for tag in if_match.split(","))
    return frozenset(tag[1:-1] for tag in tags if tag.startswith('"'))


_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do now."},
        "instance": {"type": "string", "format": "uri-reference", "description": "The path asked."},
        "code": {"type": "string", "description": "Stable, for machines."},
        "trace_id": {"type": "string", "description": "The `X-Request-ID` of the answer."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "format": "json-pointer"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def problem(description: str) -> dict[str, Any]:
    """How an answer with a problem document (RFC 9457) is documented."""
    content = {"application/problem+json": {"schema": _SCHEMA}}
    return {"description": description, "content": content}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: problem("The request is wrong; `errors` points at every wrong field."),
    401: problem("The API key is missing or not valid."),
    403: problem("This caller may not do that."),
    413: problem("The body is too large."),
    "default": problem("Any other error."),
}
NOT_FOUND = problem("There is no such thing, or it is another tenant's.")
PRECONDITION_FAILED = problem("It is not, or no longer, what `If-Match` names. Read it again.")
