"""The first page: the ledger, what is new, and how to send something."""

from starlette.responses import Response
from starlette.routing import Route

from sendwell.web.desk import Desk
from sendwell.web.ledger_bar import bar_of
from sendwell.web.visit import Visit

_NEWEST = "8"


def routes(desk: Desk) -> list[Route]:
    """`/`"""
    return [desk.get("/", show)]


async def show(visit: Visit) -> Response:
    """The overview."""
    ledger = await visit.read("/api/v1/ledger")
    newest = await visit.read("/api/v1/notifications", {"limit": _NEWEST})
    return visit.page(
        "overview.html",
        ledger=ledger,
        bar=bar_of(ledger),
        notifications=newest["data"],
        origin=visit.origin,
    )
