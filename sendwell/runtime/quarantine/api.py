"""Messages in quarantine by API: each tenant sees its own."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from sendwell.domain.instant import rfc3339_or_none
from sendwell.messages.wire.reason import Reason
from sendwell.ports import quarantine
from sendwell.ports.quarantine import Narrowed
from sendwell.runtime.quarantine.gathered import Gathered, Places
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, PROBLEMS
from sendwell.runtime.server.paging import (
    MOST,
    cursor_behind,
    name_behind,
    name_next_page,
    no_cursor,
)

PATH = "/api/v1/quarantine"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]]).decode
_ANY_BYTES = "application/octet-stream"
# Whatever it holds, no browser may take it for a page of ours.
_RAW_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


class PageQuery(BaseModel):
    """A page of messages; all that is given must match."""

    stream: str | None = Field(None, max_length=255, description="The topic or queue's name")
    reason: Reason | None = None
    cursor: str | None = Field(None, max_length=2_000, description="next_cursor of the page before")
    limit: int = Field(50, ge=1, le=MOST)


class Kept(BaseModel):
    """A message that could not be taken, and why."""

    id: int
    service: str = Field(description="Which service has it; name it to ask for this one")
    stream: str = Field(description="The stream that it came by")
    place: str = Field(description="Where it lay there")
    reason: str
    hint: str = Field(description="What to do about it")
    text: str = Field(description="What is wrong with it, for people")
    pointer: str = Field(description="Where that is in its JSON, as JSON Pointer")
    at: Annotated[str | None, Field(json_schema_extra={"format": "date-time"})]


class KeptInFull(Kept):
    """A message in quarantine with all that came."""

    message_id: str = Field(description="What the broker or its producer call it; may be empty")
    key: str = Field(description="What it stayed in order with; may be empty")
    headers: dict[str, str]
    preset: str = Field(description="Whose contract it did not meet")
    body: str = Field(description="The bytes as they came, in base64")


class Page(BaseModel):
    """Messages in quarantine, newest first."""

    data: list[Kept]
    next_cursor: str | None
    incomplete: list[str] = Field(description="Services that could not be asked now")


KeptId = Annotated[int, Path(ge=1, lt=2**63)]
ServiceName = Annotated[
    str | None,
    Query(max_length=255, description="Which service has it; without, the one that is asked"),
]


def routes(quarantines: Gathered) -> APIRouter:
    """The routes of the quarantine."""
    router = APIRouter(prefix=PATH, tags=["quarantine"], responses=PROBLEMS)

    @router.get("", operation_id="list_quarantined")
    async def page(
        caller: Asking, query: Annotated[PageQuery, Query()], request: Request, response: Response
    ) -> Page:
        """Messages from a bus that could not be taken, newest first.

        A message that names no organization, or one that there is not, belongs to nobody: only
        operators see it, on the quarantine's stream.
        """
        found = await quarantines.page(
            caller.tenant,
            Narrowed(query.stream, query.reason.value if query.reason else None),
            behind=_places(query.cursor),
            limit=query.limit,
        )
        next_cursor = _cursor(found.behind)
        name_next_page(request, response, next_cursor)
        return Page(
            data=[Kept(**_known(kept, service)) for service, kept in found.found],
            next_cursor=next_cursor,
            incomplete=list(found.incomplete),
        )

    @router.get("/{message_id}", operation_id="get_quarantined", responses={404: NOT_FOUND})
    async def find(caller: Asking, message_id: KeptId, service: ServiceName = None) -> KeptInFull:
        """One message with its headers and its bytes."""
        found = await quarantines.find(caller.tenant, message_id, service=service)
        came = found.message
        return KeptInFull(
            **_known(found.kept, service or quarantines.here),
            message_id=came.id,
            key=came.key,
            headers=dict(came.headers),
            preset=came.preset,
            body=b64encode(came.body).decode(),
        )

    @router.get(
        "/{message_id}/raw",
        operation_id="get_quarantined_bytes",
        response_class=Response,
        responses={
            200: {"content": {_ANY_BYTES: {"schema": {"type": "string", "format": "binary"}}}},
            404: NOT_FOUND,
        },
    )
    async def raw(caller: Asking, message_id: KeptId, service: ServiceName = None) -> Response:
        """The bytes of one message, exactly as they came."""
        found = await quarantines.find(caller.tenant, message_id, service=service)
        name = {"Content-Disposition": f'attachment; filename="quarantined-{message_id}"'}
        return Response(found.message.body, media_type=_ANY_BYTES, headers={**_RAW_HEADERS, **name})

    return router


def _known(kept: quarantine.Kept, service: str) -> dict[str, Any]:
    return {
        "id": kept.id,
        "service": service,
        "stream": kept.stream,
        "place": kept.place,
        "reason": kept.reason,
        "hint": _hints.get(kept.reason, ""),
        "text": kept.text,
        "pointer": kept.pointer,
        "at": rfc3339_or_none(kept.at),
    }


_hints: Mapping[str, str] = {reason.value: reason.hint for reason in Reason}
"""A service of a later version may have one that is not here."""


def _cursor(places: Places | None) -> str | None:
    return cursor_behind(_encode(places).decode()) if places else None


def _places(cursor: str | None) -> Places:
    """Raises Invalid for what is not a cursor of ours."""
    text = name_behind(cursor)
    try:
        return _decode(text) if text else {}
    except msgspec.DecodeError as error:
        raise no_cursor() from error
