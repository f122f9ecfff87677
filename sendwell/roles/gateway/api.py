"""The intake routes: plain Starlette endpoints with msgspec, for they are the hot ones.

Measured (PERFORMANCE section 2): FastAPI costs 100 us a request, this 35.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.errors import Invalid, SendwellError, TooLarge
from sendwell.ports.clock import Clock
from sendwell.roles.gateway.quota import Quota
from sendwell.roles.gateway.request import Origin
from sendwell.roles.gateway.service import Answer, Gateway
from sendwell.roles.gateway.wire import MOST_BYTES, read_many
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.problems import problem_of

MOST_ITEMS = 1_000
MOST_BATCH_BYTES = 10 * 1024 * 1024
_encode = msgspec.json.Encoder().encode
_LINES = "application/x-ndjson"
_LONGEST_KEY = 255


class Intake:
    """POST /api/v1/notifications and …/batch."""

    def __init__(self, gateway: Gateway, callers: Callers, *, quota: Quota, clock: Clock) -> None:
        self._gateway = gateway
        self._callers = callers
        self._quota = quota
        self._clock = clock

    def routes(self) -> list[Route]:
        """The two routes, to be mounted before all others."""
        return [
            Route("/api/v1/notifications", self.one, methods=["POST"]),
            Route("/api/v1/notifications/batch", self.many, methods=["POST"]),
        ]

    async def one(self, request: Request) -> Response:
        """Accept a notification: 202 once it is on disk."""
        try:
            origin = await self._origin(request)
            standing = self._quota.take(origin.tenant, 1, self._clock.now())
            body = await body_of(request, most=MOST_BYTES)
            answer = await self._gateway.accept(body, origin, key=_key(request))
        except SendwellError as error:
            return problem_of(error)
        headers = {"Location": f"/api/v1/notifications/{answer.id}", **standing.headers}
        if answer.is_duplicate:
            headers["Idempotency-Replayed"] = "true"
        return _json(_document(answer), headers)

    async def many(self, request: Request) -> Response:
        """Accept up to 1,000 notifications, each by itself."""
        try:
            origin = await self._origin(request)
            body = await body_of(request, most=MOST_BATCH_BYTES)
            kind = request.headers.get("content-type", "")
            bodies = read_many(body, is_lines=kind.startswith(_LINES))
            _check_number(bodies)
            standing = self._quota.take(origin.tenant, len(bodies), self._clock.now())
            answers = await self._gateway.accept_many(bodies, origin, key=_key(request))
        except SendwellError as error:
            return problem_of(error)
        return _json(_summary(answers), standing.headers)

    async def _origin(self, request: Request) -> Origin:
        caller = await self._callers(request)
        return Origin(caller.tenant, "rest", request.headers.get("traceparent"))


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip('"')
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
        raise Invalid("The header Idempotency-Key must have 1 to 255 visible characters.")
    return key


def _check_number(bodies: list[bytes]) -> None:
    if not bodies:
        raise Invalid("The batch is empty.")
    if len(bodies) > MOST_ITEMS:
        raise TooLarge(f"A batch may have {MOST_ITEMS} notifications; this one has {len(bodies)}.")


def _document(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "status": "PENDING",
        "duplicate": answer.is_duplicate,
        "links": {
            "self": f"/api/v1/notifications/{answer.id}",
            "timeline": f"/api/v1/notifications/{answer.id}/timeline",
        },
    }


def _summary(answers: list[Answer]) -> dict[str, Any]:
    items = [_item(number, answer) for number, answer in enumerate(answers)]
    counts = dict.fromkeys(("accepted", "duplicate", "refused"), 0)
    for item in items:
        counts[item["status"]] += 1
    return {**counts, "items": items}


def _item(number: int, answer: Answer) -> dict[str, Any]:
    if answer.refusal is None:
        status = "duplicate" if answer.is_duplicate else "accepted"
        return {"index": number, "status": status, "id": answer.id}
    refusal = answer.refusal
    return {
        "index": number,
        "status": "refused",
        "code": refusal.code,
        "detail": refusal.message,
        "errors": [{"pointer": flaw.pointer, "detail": flaw.why} for flaw in refusal.flaws],
    }


def _json(document: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(_encode(document), 202, headers, media_type="application/json")
