"""Dead letters and cancelling by API."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from sendwell.domain.errors import Conflict, Unavailable
from sendwell.domain.ids import NotificationId, TenantId
from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.lifecycle import OPEN
from sendwell.domain.triage import Cause
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.clock import Clock
from sendwell.ports.questions import Cancelled
from sendwell.roles.delivery.letters import LEAST_RATE, MOST_RATE, DeadLetters, Narrowed
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL
from sendwell.runtime.server.paging import MOST, cursor_of, cut_page, name_next_page, position_of

_PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.02
_STORABLE = r"^[^\x00]*$"  # PostgreSQL takes no NUL


class Requests(Protocol):
    """Finds an accepted request of a tenant; raises NotFound."""

    async def request(self, tenant: TenantId, notification: NotificationId) -> Requested:
        """The request."""
        ...

    async def deliveries(self, request: Requested) -> Sequence[Status]:
        """Where its deliveries stand; there are none before it is planned."""
        ...


class Cancels(Protocol):
    """Stops deliveries, wherever that is done."""

    async def cancel(self, request: Requested) -> Cancelled:
        """Stop what has not gone out yet, and let what is in flight go no further."""
        ...


class ReplayMany(BaseModel):
    """Which dead letters to send again, and how fast."""

    model_config = ConfigDict(extra="forbid")

    cause: Cause | None = None
    channel: Annotated[str | None, KNOWN_CHANNEL] = Field(None, max_length=32, pattern=_STORABLE)
    event_type: str | None = Field(None, max_length=100, pattern=_STORABLE)
    code: str | None = Field(None, max_length=100, pattern=_STORABLE)
    rate_per_second: float = Field(10, ge=LEAST_RATE, le=MOST_RATE, strict=True)


LetterId = Annotated[int, Path(ge=1, lt=2**63)]


def routes(
    delivery: Cancels, letters: DeadLetters, *, requests: Requests, clock: Clock
) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(prefix="/api/v1", tags=["deliveries"])

    @router.post("/notifications/{id}/cancel", operation_id="cancel_notification")
    async def cancel(id: str, caller: Asking) -> dict[str, Any]:  # noqa: A002 - the name in the path
        """Stop what has not gone out yet. 409 when all of it is at its end.

        What is in flight is not called back, but neither tried again nor sent by another channel.
        """
        request = await requests.request(caller.tenant, NotificationId(id))
        found = await _stop(request, delivery, requests)
        return {"id": id, "cancelled": found.parts, "in_flight": sorted(found.in_flight)}

    @router.get("/dead-letters", operation_id="list_dead_letters", tags=["dead letters"])
    async def page(
        request: Request,
        response: Response,
        caller: Asking,
        cause: Cause | None = None,
        channel: Annotated[str | None, Query(max_length=32), KNOWN_CHANNEL] = None,
        event_type: Annotated[str | None, Query(max_length=100)] = None,
        code: Annotated[str | None, Query(max_length=100)] = None,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> dict[str, Any]:
        """Deliveries that ended in failure, newest first: the cause, and what to do about it."""
        narrowed = Narrowed(cause.value if cause else None, channel, event_type, code)
        found = await letters.page(
            caller.tenant, narrowed, before=position_of(cursor), limit=limit + 1
        )
        shown, following = cut_page(found, limit, cursor=lambda last: cursor_of(last.id))
        name_next_page(request, response, following)
        reached = await letters.reached_by(caller.tenant, shown)
        data = [_letter(row, reached.get(row.id, ())) for row in shown]
        return {"data": data, "next_cursor": following}

    @router.post(
        "/dead-letters/replay",
        operation_id="replay_dead_letters",
        status_code=202,
        tags=["dead letters"],
    )
    async def replay_many(wanted: ReplayMany, caller: Asking) -> dict[str, Any]:
        """Send all that match again, spread over time; each is audited.

        Where channels are tried in turn, passed over are those whose recipient another delivery has
        reached, or may yet, and all but one channel of the others.
        """
        cause = wanted.cause.value if wanted.cause else None
        narrowed = Narrowed(cause, wanted.channel, wanted.event_type, wanted.code)
        rate = wanted.rate_per_second
        done = await letters.replay_all(caller, narrowed, clock.now(), rate_per_second=rate)
        return {**done._asdict(), "rate_per_second": rate}

    @router.post(
        "/dead-letters/{id}/replay",
        operation_id="replay_dead_letter",
        status_code=202,
        tags=["dead letters"],
    )
    async def replay(id: LetterId, caller: Asking) -> dict[str, Any]:  # noqa: A002 - as above
        """Send it again as a delivery of its own, with its own idempotency key. Audited.

        Also where another delivery has reached the recipient, or may yet, although one is enough:
        `reached_by` names those.
        """
        part, reached_by = await letters.replay(caller, id, clock.now())
        return {"id": id, "delivery": part, "reached_by": reached_by}

    return router


async def _stop(request: Requested, delivery: Cancels, requests: Requests) -> Cancelled:
    """Stop it, also what the planner has in hand this moment."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + _PATIENCE_SECONDS
    while clock.time() < deadline:
        found = await delivery.cancel(request)
        if found.parts or found.in_flight:
            return found
        if not _is_coming(await requests.deliveries(request)):
            raise Conflict("Nothing is left to cancel: it is at its end.")
        await asyncio.sleep(_PAUSE_SECONDS)
    raise Unavailable("It is just being planned. Cancel it again in a moment.")


def _is_coming(deliveries: Sequence[Status]) -> bool:
    """Something of it is open, though not yet where it can be stopped."""
    return not deliveries or any(each.state in OPEN for each in deliveries)


def _letter(row: Row[Any], reached_by: Sequence[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "notification_id": row.notification,
        "delivery": row.part,
        "channel": row.channel,
        "event_type": row.event_type,
        "cause": row.cause,
        "hint": Cause(row.cause).hint,
        "error": {"code": row.code, "text": row.text},
        "provider": row.provider,
        "attempts": row.attempt,
        "at": rfc3339_or_none(row.at),
        "replayed_as": row.replayed_as,
        "reached_by": reached_by,
    }
