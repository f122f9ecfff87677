"""The mailbox by REST."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from sendwell.domain.instant import rfc3339_or_none
from sendwell.ports.tenants import Caller
from sendwell.roles.mailbox.mail import Wire, on_the_wire
from sendwell.roles.mailbox.message import MailboxMessage, MessagePage, Narrowing
from sendwell.roles.mailbox.service import Mailbox
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL
from sendwell.runtime.server.paging import MOST, cursor_of, name_next_page, position_of

PATH = "/api/v1/mailbox/messages"
SENDER = "Sendwell <mailbox@sendwell.localhost>"
_LONGEST_WAIT_SECONDS = 60


class NarrowingQuery(BaseModel):
    """What the messages are narrowed to; all that are given must match."""

    channel: Annotated[str | None, KNOWN_CHANNEL] = None
    to: str | None = Field(None, description="The whole address, whatever the case")
    user_id: str | None = None
    event_type: str | None = None
    notification: str | None = Field(None, description="A notification's id")
    contains: str | None = Field(None, description="Words of the content, whatever the case")

    def narrowing(self) -> Narrowing:
        """The same for the service."""
        return Narrowing(**{name: getattr(self, name) for name in NarrowingQuery.model_fields})


class PageQuery(NarrowingQuery):
    """A page of messages."""

    cursor: str | None = Field(None, description="The next_cursor of the page before")
    limit: int = Field(50, ge=1, le=MOST)
    wait_seconds: float = Field(
        0, ge=0, le=_LONGEST_WAIT_SECONDS, description="Wait so long for the first match"
    )


class Message(BaseModel):
    """What one delivery would have been."""

    id: str
    channel: str
    to: str
    user_id: str | None
    event_type: str
    notification: str
    delivery: str
    priority: str
    at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    content: dict[str, Any]


class Header(BaseModel):
    """One header line, decoded."""

    name: str
    value: str


class MessageInFull(Message):
    """A message, and as an e-mail the bytes a relay would have got."""

    headers: list[Header]
    raw: str | None
    problem: str | None = Field(description="Why it could not have been sent, if it could not")


class Page(BaseModel):
    """Messages, newest first."""

    data: list[Message]
    next_cursor: str | None


class Deleted(BaseModel):
    """How many were deleted."""

    deleted: int


MessageId = Annotated[int, Path(ge=1, lt=2**63)]


def routes(mailbox: Mailbox, *, sender: str = SENDER) -> APIRouter:
    """The routes of this role. `sender` stands in the From of the e-mails."""
    router = APIRouter(prefix=PATH, tags=["mailbox"])

    @router.get("", operation_id="list_mailbox_messages")
    async def page(
        caller: Asking, query: Annotated[PageQuery, Query()], request: Request, response: Response
    ) -> Page:
        """What would have been sent, newest first.

        With `wait_seconds` the answer comes as soon as something matches.
        """
        found = await _look(mailbox, caller, query)
        page = _page(found)
        name_next_page(request, response, page.next_cursor)
        return page

    @router.get("/{message_id}", operation_id="get_mailbox_message")
    async def find(caller: Asking, message_id: MessageId) -> MessageInFull:
        """One message in full: with headers and raw bytes, if it is an e-mail."""
        return _in_full(await mailbox.find(caller.tenant, message_id), sender)

    @router.delete("", operation_id="delete_mailbox_messages")
    async def delete(caller: Asking, query: Annotated[NarrowingQuery, Query()]) -> Deleted:
        """Delete what matches; without a filter, everything."""
        return Deleted(deleted=await mailbox.delete(caller.tenant, query.narrowing()))

    @router.delete("/{message_id}", operation_id="delete_mailbox_message", status_code=204)
    async def discard(caller: Asking, message_id: MessageId) -> None:
        """Delete one message; 404 when there is none."""
        await mailbox.discard(caller.tenant, message_id)

    return router


async def _look(mailbox: Mailbox, caller: Caller, query: PageQuery) -> MessagePage:
    before = position_of(query.cursor)
    if before is None and query.wait_seconds:
        wait = timedelta(seconds=query.wait_seconds)
        return await mailbox.await_page(
            caller.tenant, query.narrowing(), limit=query.limit, wait=wait
        )
    return await mailbox.page(caller.tenant, query.narrowing(), before=before, limit=query.limit)


def _page(found: MessagePage) -> Page:
    return Page(
        data=[Message(**_fields(message)) for message in found.messages],
        next_cursor=None if found.last is None else cursor_of(found.last),
    )


def _in_full(message: MailboxMessage, sender: str) -> MessageInFull:
    wire = on_the_wire(message, sender) if message.channel == "email" else Wire()
    return MessageInFull(
        **_fields(message),
        headers=[Header(name=name, value=value) for name, value in wire.headers],
        raw=wire.raw,
        problem=wire.problem,
    )


def _fields(message: MailboxMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "channel": message.channel,
        "to": message.address,
        "user_id": message.user_id,
        "event_type": message.event_type,
        "notification": message.notification,
        "delivery": message.part,
        "priority": message.lane.label,
        "at": rfc3339_or_none(message.at),
        "content": msgspec.to_builtins(message.content),
    }
