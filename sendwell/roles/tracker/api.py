"""What became of it: status, lists, timeline and the ledger by API."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import NotificationId, Position
from sendwell.domain.instant import microseconds_of, rfc3339_or_none
from sendwell.domain.lane import Lane
from sendwell.domain.ledger import Ledger
from sendwell.domain.lifecycle import State
from sendwell.domain.schedule import parse_instant
from sendwell.messages.status import Status
from sendwell.ports.journal import Filter
from sendwell.roles.tracker.service import Tracked, Tracker
from sendwell.roles.tracker.timeline import Event
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL
from sendwell.runtime.server.paging import MOST, cursor_of, name_next_page, position_of

StatusName = Literal[
    "PENDING", "SCHEDULED", "HELD", "PROCESSING", "FAILED", "RETRYING", "SENT", "DELIVERED",
    "DEAD", "SUPPRESSED", "CANCELLED", "EXPIRED", "BOUNCED", "COMPLAINED",
]  # fmt: skip


def routes(tracker: Tracker) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(prefix="/api/v1", tags=["notifications"])

    @router.get("/notifications", operation_id="list_notifications")
    async def page(
        request: Request,
        caller: Asking,
        status: StatusName | None = None,
        channel: Annotated[str | None, Query(max_length=32), KNOWN_CHANNEL] = None,
        user_id: Annotated[str | None, Query(max_length=255)] = None,
        event_type: Annotated[str | None, Query(max_length=100)] = None,
        since: Annotated[str | None, Query(alias="from", max_length=40)] = None,
        until: Annotated[str | None, Query(alias="to", max_length=40)] = None,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> Response:
        """Notifications, newest first, with a delivery that matches; page by `cursor`."""
        narrowed = Filter(
            status=status,
            channel=channel,
            user_id=user_id,
            event_type=event_type,
            since=_instant(since, "/query/from"),
            until=_instant(until, "/query/to"),
        )
        before = position_of(cursor)
        found = await tracker.page(
            caller.tenant,
            narrowed,
            before=None if before is None else Position(before),
            limit=limit,
        )
        next_cursor = None if found.last is None else cursor_of(found.last)
        answer = _json({"data": list(map(document, found.shown)), "next_cursor": next_cursor})
        name_next_page(request, answer, next_cursor)
        return answer

    @router.get("/notifications/{id}", operation_id="get_notification")
    async def one(id: str, caller: Asking) -> Response:  # noqa: A002 - the name in the path
        """One notification with its deliveries; readable as soon as its 202 was said."""
        return _json(document(await tracker.find(caller.tenant, NotificationId(id))))

    @router.get("/notifications/{id}/timeline", operation_id="get_timeline")
    async def timeline(id: str, caller: Asking) -> Response:  # noqa: A002 - as above
        """Every move of the notification with its reason, in the order of time."""
        events = await tracker.timeline(caller.tenant, NotificationId(id))
        return _json({"id": id, "events": [event_document(event) for event in events]})

    @router.get("/ledger", operation_id="get_ledger")
    async def ledger(caller: Asking) -> dict[str, Any]:
        """Accepted against what became of it, in deliveries; `adds_up` is false when one is lost.

        While work is in motion the two sides are read a moment apart; read again when idle.
        """
        return _ledger(await tracker.ledger(caller.tenant))

    return router


def _json(shown: dict[str, Any]) -> Response:
    # The framework would go through every value of everybody's metadata, while all others wait.
    return Response(msgspec.json.encode(shown), media_type="application/json")


def document(tracked: Tracked) -> dict[str, Any]:
    """A notification as people see it; its metadata are JSON already."""
    request = tracked.request
    found: dict[str, Any] = {
        "id": request.id,
        "status": tracked.status.value,
        "event_type": request.event_type,
        "priority": Lane(request.lane).label,
        "category": request.category,
        "topic": request.topic,
        "channels": list(request.channels),
        "user_id": request.to[0].user_id if len(request.to) == 1 else None,
        "recipients": len(request.to),
        "template": msgspec.to_builtins(request.template),
        "correlation_id": request.correlation_id,
        "metadata": request.metadata,
        "created_at": rfc3339_or_none(request.accepted_at),
        "expires_at": rfc3339_or_none(request.expires_at),
        "send_at": request.send_at,
        "deliveries": [_delivery(each) for each in sorted(tracked.deliveries, key=_by_part)],
    }
    return found


def _by_part(status: Status) -> tuple[int, str]:
    return status.planned_at, status.part


def _delivery(status: Status) -> dict[str, Any]:
    return {
        "id": status.part,
        "channel": status.channel,
        "status": status.state.value,
        "provider": status.provider,
        "provider_message_id": status.reference,
        "attempts": status.attempt,
        "error": _error(status),
        "rule": status.rule,
        "due_at": rfc3339_or_none(status.due),
        "sent_at": rfc3339_or_none(status.at) if status.state in _WENT_OUT else None,
        "updated_at": rfc3339_or_none(status.at),
    }


_WENT_OUT = frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED})


def _error(status: Status) -> dict[str, str | None] | None:
    return {"code": status.code, "text": status.text} if status.code else None


def event_document(event: Event) -> dict[str, Any]:
    """An event of a timeline as people see it."""
    shown = {
        "at": rfc3339_or_none(event.at),
        "event": event.event,
        "text": event.text,
        "delivery": event.delivery,
        "channel": event.channel,
        "attempt": event.attempt,
        "provider": event.provider,
        "provider_message_id": event.reference,
        "code": event.code,
        "rule": event.rule,
        "due_at": rfc3339_or_none(event.due),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _ledger(ledger: Ledger) -> dict[str, Any]:
    return {
        "accepted": ledger.accepted,
        "pending": ledger.pending,
        "sent": ledger.sent,
        "delivered": ledger.delivered,
        "failed": ledger.failed,
        "suppressed": ledger.suppressed,
        "cancelled": ledger.cancelled,
        "expired": ledger.expired,
        "difference": ledger.difference,
        "adds_up": ledger.difference == 0,
    }


# Beyond these nothing can have been accepted: positions have 42 bits for the milliseconds.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)


def _instant(text: str | None, pointer: str) -> int | None:
    if text is None:
        return None
    try:
        # A plus sign in a query string that was not encoded arrives as a space.
        instant = parse_instant(text.replace(" ", "+"))
        return microseconds_of(min(max(instant, _FIRST), _LAST))
    except Invalid as error:
        raise Invalid(error.message, flaws=[Flaw(pointer, error.message)]) from error
