"""Routes: erasing a person."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.service.erasure import Erasures
from sendwell.roles.users.store.erasure import Erasure
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, PROBLEMS, Moment, strict_route

_MOST_BYTES = 1024
_ErasureId = Annotated[str, Path(alias="erasure_id", max_length=36)]


class KeeperOut(BaseModel):
    """One place where something was kept."""

    keeper: str = Field(examples=["journal"])
    erased: int = Field(description="How many things it has let go of.", examples=[12])
    is_done: bool
    waits: str | None = Field(description="What it waits for, where it does.")


class ErasureOut(BaseModel):
    """How far an erasure is. It does not say who it was."""

    id: str
    is_done: bool
    asked_by: str
    asked_at: Moment
    done_at: Moment | None
    keepers: list[KeeperOut]

    @classmethod
    def of(cls, erasure: Erasure) -> "ErasureOut":
        """The erasure as shown."""
        return cls(
            id=erasure.id,
            is_done=erasure.done_at is not None,
            asked_by=erasure.asked_by,
            asked_at=rfc3339_or_none(erasure.asked_at),
            done_at=rfc3339_or_none(erasure.done_at),
            keepers=[
                KeeperOut(keeper=name, erased=each.erased, is_done=each.is_done, waits=each.waits)
                for name, each in erasure.progress.items()
            ],
        )


def routes(erasures: Erasures) -> APIRouter:
    """POST an erasure, and GET how far it is."""
    router = APIRouter(
        prefix="/api/v1",
        tags=["users"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )

    @router.post("/users/{user_id}/erasure", operation_id="erase_user", status_code=202)
    async def erase_user(user_id: ThisUser, caller: Asking, response: Response) -> ErasureOut:
        """Erase a person everywhere.

        When this answers they are gone, and nothing that comes late brings them back: requests
        that name them end as suppressed by the rule `erased`. Everything else that is kept of them
        goes within a minute; `GET /api/v1/erasures/{erasure_id}` says how far that is. Counts,
        ids, states and times stay.
        """
        erasure = await erasures.ask(caller, user_id)
        response.headers["Location"] = f"/api/v1/erasures/{erasure.id}"
        return ErasureOut.of(erasure)

    @router.get("/erasures/{erasure_id}", operation_id="get_erasure", responses={404: NOT_FOUND})
    async def get_erasure(erasure_id: _ErasureId, caller: Asking) -> ErasureOut:
        """How far an erasure is: who has let go of how many things."""
        return ErasureOut.of(await erasures.find(caller.tenant, erasure_id))

    return router
