"""The inbox by REST, and live by Server-Sent Events (https://html.spec.whatwg.org/#server-sent-events)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.inbox.message import InboxMessage
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import Owner
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.paging import MOST, cursor_of, name_next_page, position_of
from sendwell.runtime.server.still_allowed import while_allowed

PATH = "/api/v1/users/{user_id}/inbox"


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class PageQuery(BaseModel):
    """A page of messages."""

    cursor: str | None = Field(None, description="The next_cursor of the page before")
    limit: int = Field(50, ge=1, le=MOST)
    unread: bool = Field(default=False, description="Only what nobody has read")


class Message(BaseModel):
    """What a person sees."""

    id: str
    event_type: str
    notification: str
    title: str | None
    body: str
    data: Mapping[str, str]
    at: Moment
    read_at: Moment | None


class Page(BaseModel):
    """Messages, newest first, and how many in the whole inbox are unread."""

    data: list[Message]
    unread: int
    next_cursor: str | None


MessageId = Annotated[int, Path(ge=1, lt=2**63)]
EventId = Annotated[int | None, Query(ge=0, lt=2**63, description="Begin behind this message")]
LastEventId = Annotated[int | None, Header(ge=0, lt=2**63, description="What a browser saw last")]


async def _owner(caller: Asking, user_id: Annotated[str, Path(max_length=255)]) -> Owner:
    return caller.tenant, user_id


Whose = Annotated[Owner, Depends(_owner)]


def routes(inbox: Inbox) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(prefix=PATH, tags=["inbox"])

    @router.get("", operation_id="list_inbox_messages")
    async def page(
        whose: Whose, query: Annotated[PageQuery, Query()], request: Request, response: Response
    ) -> Page:
        """A person's messages, newest first, and how many are unread."""
        page = await _page(inbox, whose, query)
        name_next_page(request, response, page.next_cursor)
        return page

    @router.post("/{message_id}/read", operation_id="read_inbox_message", status_code=204)
    async def read(whose: Whose, message_id: MessageId) -> None:
        """Note that a message was read; a second time changes nothing."""
        await inbox.read(whose, message_id)

    @router.get("/stream", operation_id="follow_inbox", response_class=EventSourceResponse)
    async def stream(
        whose: Whose,
        request: Request,
        *,
        after: EventId = None,
        last_event_id: LastEventId = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Messages as they come, as Server-Sent Events whose ids are the messages'.

        A browser that comes back goes on behind its last event. Without `after` and
        `Last-Event-ID` the stream begins now. A comment every 15 s keeps proxies from closing it.
        It ends with the session or key that it was asked for with, a minute later at most.
        """
        begin = after if last_event_id is None else last_event_id
        async with (
            aclosing(inbox.follow(whose, after=begin)) as messages,
            aclosing(while_allowed(request, messages)) as seen,
        ):
            async for message in seen:
                yield ServerSentEvent(id=str(message.id), event="message", data=_view(message))

    return router


async def _page(inbox: Inbox, owner: Owner, query: PageQuery) -> Page:
    found = await inbox.page(
        owner,
        before=position_of(query.cursor),
        limit=query.limit,
        is_unread=query.unread,
    )
    return Page(
        data=[_view(message) for message in found.messages],
        unread=await inbox.unread(owner),
        next_cursor=None if found.last is None else cursor_of(found.last),
    )


def _view(message: InboxMessage) -> Message:
    return Message(
        id=str(message.id),
        event_type=message.event_type,
        notification=message.notification,
        title=message.title,
        body=message.body,
        data=message.data,
        at=str(rfc3339_or_none(message.at)),
        read_at=rfc3339_or_none(message.read_at),
    )
