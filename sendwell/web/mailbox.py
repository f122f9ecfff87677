"""The dev mailbox: what every channel would have sent, or has sent in sample mode."""

from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sendwell.web.desk import Desk
from sendwell.web.headers import MAIL, PAGE
from sendwell.web.notifications import CHANNELS
from sendwell.web.refusal import Refusal
from sendwell.web.visit import Visit, checked, link

FILTERS = {"channel": "channel", "to": "to", "words": "contains"}
"""What the form calls them, and what the API does: a field `contains` would hide the form's own
method from scripts."""
_HERE = "/mailbox"
_API = "/api/v1/mailbox/messages"


def routes(desk: Desk) -> list[Route]:
    """`/mailbox` and below."""
    return [
        desk.get(_HERE, show_list),
        desk.post(f"{_HERE}/empty", empty),
        desk.get(f"{_HERE}/{{id:int}}", show_one),
        desk.get(f"{_HERE}/{{id:int}}/html", show_html),
        desk.get(f"{_HERE}/{{id:int}}/message.eml", download),
    ]


async def show_list(visit: Visit) -> Response:
    """A page of messages, newest first."""
    asked, filters = visit.only((*FILTERS, "cursor")), visit.only(FILTERS)
    page = await visit.read(_API, {FILTERS.get(name, name): asked[name] for name in asked})
    cursor = page["next_cursor"]
    return visit.page(
        "mailbox.html",
        messages=page["data"],
        filters=filters,
        channels=CHANNELS,
        newest=link(_HERE, filters) if "cursor" in asked else None,
        older=link(_HERE, {**filters, "cursor": cursor}) if cursor else None,
    )


async def show_one(visit: Visit) -> Response:
    """One message in one of its views."""
    message = await _message(visit)
    views = _views(message)
    chosen = visit.query.get("view", views[0])
    return visit.page(
        "message.html",
        message=message,
        views=views,
        view=chosen if chosen in views else views[0],
    )


async def show_html(visit: Visit) -> Response:
    """The HTML of a message by itself, where it can do and load nothing."""
    html = (await _message(visit))["content"].get("html")
    if html is None:
        raise Refusal(404, "This message has no HTML.")
    return HTMLResponse(html, headers=MAIL)


async def download(visit: Visit) -> Response:
    """The e-mail as a file, byte by byte as a relay would have got it."""
    message = await _message(visit)
    if message["raw"] is None:
        raise Refusal(404, "This message is not an e-mail.")
    name = f'attachment; filename="message-{message["id"]}.eml"'
    headers = {**PAGE, "Content-Disposition": name}
    return Response(message["raw"], headers=headers, media_type="message/rfc822")


async def empty(visit: Visit) -> Response:
    """Deletes everything in the mailbox."""
    await visit.form()
    checked(await visit.api.call("DELETE", _API))
    return visit.go(_HERE)


async def _message(visit: Visit) -> dict[str, Any]:
    message: dict[str, Any] = await visit.read(f"{_API}/{visit.request.path_params['id']}")
    return message


def _views(message: dict[str, Any]) -> list[str]:
    """The views that the message has, the best first."""
    if message["channel"] != "email":
        return ["preview", "json"]
    has_html = message["content"].get("html") is not None
    return ["html", "text", "headers", "raw"] if has_html else ["text", "headers", "raw"]
