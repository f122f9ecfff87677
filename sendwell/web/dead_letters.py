"""Dead letters: why each one ended, what to do about it, and a button to send it again."""

from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.triage import Cause
from sendwell.web.desk import Desk
from sendwell.web.notifications import CHANNELS
from sendwell.web.visit import Visit, checked, link

FILTERS = ("cause", "channel", "event_type")
_HERE = "/dead-letters"
_API = "/api/v1/dead-letters"


def routes(desk: Desk) -> list[Route]:
    """`/dead-letters` and below."""
    return [desk.get(_HERE, show), desk.post(f"{_HERE}/{{id:int}}/replay", replay)]


async def show(visit: Visit) -> Response:
    """A page of dead letters, newest first."""
    asked = visit.only((*FILTERS, "cursor"))
    page = await visit.read(_API, asked)
    filters = visit.only(FILTERS)
    cursor = page["next_cursor"]
    return visit.page(
        "dead_letters.html",
        letters=page["data"],
        filters=filters,
        causes=[cause.value for cause in Cause],
        channels=CHANNELS,
        replayed=visit.query.get("replayed"),
        newest=link(_HERE, filters) if "cursor" in asked else None,
        older=link(_HERE, {**filters, "cursor": cursor}) if cursor else None,
    )


async def replay(visit: Visit) -> Response:
    """Sends one again, then shows the list with a word about it."""
    await visit.form()
    id_ = str(visit.request.path_params["id"])
    checked(await visit.api.call("POST", f"{_API}/{id_}/replay"))
    return visit.go(link(_HERE, {"replayed": id_}))
