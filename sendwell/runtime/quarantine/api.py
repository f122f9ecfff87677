"""Messages in quarantine by API: each tenant sees its own."""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from sendwell.messages.wire.reason import Reason
from sendwell.runtime.moments import moment
from sendwell.runtime.quarantine.quarantine import Narrowed, QuarantineStore
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, PROBLEMS
from sendwell.runtime.server.paging import MOST, cursor_of, next_link, position_of

PATH = "/api/v1/quarantine"
_ANY_BYTES = "application/octet-stream"
# Whatever it holds, no browser may take it for a page of ours.
_RAW_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


class PageQuery(BaseModel):
    """A page of messages; all that is given must match."""

    model_config = ConfigDict(extra="forbid")

    stream: str | None = Field(None, max_length=255, description="The topic or queue's name")
    reason: Reason | None = None
    cursor: str | None = Field(None, max_length=100, description="next_cursor of the page before")
    limit: int = Field(50, ge=1, le=MOST)


class Kept(BaseModel):
    """A message that could not be taken, and why."""

    id: int
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


KeptId = Annotated[int, Path(ge=1, lt=2**63)]


def routes(store: QuarantineStore) -> APIRouter:
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
        narrowed, before = Narrowed(query.stream, query.reason), position_of(query.cursor)
        found = await store.page(caller.tenant, narrowed, before=before, limit=query.limit + 1)
        shown = found[: query.limit]
        next_cursor = cursor_of(shown[-1].id) if len(found) > query.limit else None
        if next_cursor:
            here = str(request.url.remove_query_params("cursor").replace(scheme="", netloc=""))
            response.headers["Link"] = next_link(here, next_cursor)
        return Page(data=[Kept(**_known(row)) for row in shown], next_cursor=next_cursor)

    @router.get("/{message_id}", operation_id="get_quarantined", responses={404: NOT_FOUND})
    async def find(caller: Asking, message_id: KeptId) -> KeptInFull:
        """One message with its headers and its bytes."""
        row, kept = await store.find(caller.tenant, message_id)
        return KeptInFull(
            **_known(row),
            message_id=kept.id,
            key=kept.key,
            headers=dict(kept.headers),
            preset=kept.preset,
            body=b64encode(kept.body).decode(),
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
    async def raw(caller: Asking, message_id: KeptId) -> Response:
        """The bytes of one message, exactly as they came."""
        _, kept = await store.find(caller.tenant, message_id)
        name = {"Content-Disposition": f'attachment; filename="quarantined-{message_id}"'}
        return Response(kept.body, media_type=_ANY_BYTES, headers={**_RAW_HEADERS, **name})

    return router


def _known(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "stream": row.stream,
        "place": row.place,
        "reason": row.reason,
        "hint": Reason(row.reason).hint,
        "text": row.text,
        "pointer": row.pointer,
        "at": moment(row.at),
    }
