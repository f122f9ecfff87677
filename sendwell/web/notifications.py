"""Notifications: the list, and the timeline of each."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from sendwell.web.desk import Desk
from sendwell.web.refusal import Refusal
from sendwell.web.visit import Visit, link

FILTERS = ("status", "channel", "user_id", "event_type")
STATUSES = (
    "PENDING", "SCHEDULED", "HELD", "PROCESSING", "RETRYING", "SENT", "DELIVERED", "DEAD",
    "BOUNCED", "COMPLAINED", "SUPPRESSED", "CANCELLED", "EXPIRED",
)  # fmt: skip
CHANNELS = ("email", "sms", "push", "in_app", "webhook")
_HERE = "/notifications"
_API = "/api/v1/notifications"
_REACHED = ("SENT", "DELIVERED")
_MOST_MAILS = "200"
_MOST_SHOWN = 200
"""Deliveries on the page of one, and twice as many events: a request may be to a thousand."""


def routes(desk: Desk) -> list[Route]:
    """`/notifications` and below."""
    return [desk.get(_HERE, show_list), desk.get(f"{_HERE}/{{id}}", show_one)]


async def show_list(visit: Visit) -> Response:
    """A page of notifications, newest first."""
    asked = visit.only((*FILTERS, "cursor"))
    page = await visit.read(_API, asked)
    filters = visit.only(FILTERS)
    return visit.page(
        "notifications.html",
        notifications=page["data"],
        filters=filters,
        statuses=STATUSES,
        channels=CHANNELS,
        newest=link(_HERE, filters) if "cursor" in asked else None,
        older=_older(filters, page),
    )


async def show_one(visit: Visit) -> Response:
    """One notification: where its deliveries stand, and every move with its time and reason."""
    id_ = visit.request.path_params["id"]
    notification = await visit.read(f"{_API}/{id_}")
    timeline = await visit.read(f"{_API}/{id_}/timeline")
    deliveries, events = notification["deliveries"], timeline["events"]
    return visit.page(
        "notification.html",
        notification=notification,
        deliveries=deliveries[:_MOST_SHOWN],
        deliveries_left=max(0, len(deliveries) - _MOST_SHOWN),
        events=events[: 2 * _MOST_SHOWN],
        events_left=max(0, len(events) - 2 * _MOST_SHOWN),
        mails=await _mails(visit, id_),
        dead=_dead(notification),
        api=f"{_API}/{id_}",
    )


async def _mails(visit: Visit, id_: str) -> dict[str, str]:
    """Where the mailbox shows each delivery, by delivery; empty where there is no mailbox."""
    try:
        page = await visit.read(
            "/api/v1/mailbox/messages", {"notification": id_, "limit": _MOST_MAILS}
        )
    except Refusal:
        return {}
    return {mail["delivery"]: f"/mailbox/{quote(mail['id'])}" for mail in page["data"]}


def _dead(notification: dict[str, Any]) -> bool:
    """Whether to point to its dead letters: not where all are reached in spite of them."""
    if notification["status"] in _REACHED:
        return False
    return any(delivery["status"] == "DEAD" for delivery in notification["deliveries"])


def _older(filters: dict[str, str], page: dict[str, Any]) -> str | None:
    cursor = page["next_cursor"]
    return link(_HERE, {**filters, "cursor": cursor}) if cursor else None
