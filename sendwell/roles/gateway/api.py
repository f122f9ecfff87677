"""The intake routes: endpoints free of any framework, with msgspec, for they are the hot ones.

Measured: FastAPI costs 100 us a request. See `hot_protocol` for the way
that calls take here.
"""

import re

import msgspec
from starlette.routing import Route

from sendwell.domain.errors import Invalid, SendwellError
from sendwell.ports.clock import Clock
from sendwell.roles.gateway.quota import Quota
from sendwell.roles.gateway.rate_limit_status import RateLimitStatus
from sendwell.roles.gateway.request import Origin
from sendwell.roles.gateway.service import Answer, Gateway
from sendwell.roles.gateway.wire import MOST_BYTES, read_many
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.call_route import CallRoute
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.calls import LINES, Call, Header, Reply
from sendwell.runtime.server.problems import problem_of

MOST_BATCH_BYTES = 10 * 1024 * 1024
_encode = msgspec.json.Encoder().encode
_LONGEST_KEY = 255
_is_id = re.compile(r"[\x21-\x7e]{1,128}").fullmatch
_REPLAYED: Header = (b"idempotency-replayed", b"true")


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
            CallRoute("/api/v1/notifications", self.one, method="POST"),
            CallRoute("/api/v1/notifications/batch", self.many, method="POST"),
        ]

    async def one(self, call: Call) -> Reply:
        """Accept a notification: 202 once it is on disk."""
        origin = await self._origin(call)
        standing = await self._quota.take(origin.tenant, 1, self._clock.now())
        if standing.refusal is not None:
            return _too_many(standing, standing.refusal)
        body = await body_of(call, most=MOST_BYTES)
        answer = await self._gateway.accept(body, origin, key=_key(call))
        return _accepted(answer, standing)

    async def many(self, call: Call) -> Reply:
        """Accept up to 1,000 notifications, each by itself."""
        origin = await self._origin(call)
        body = await body_of(call, most=MOST_BATCH_BYTES)
        bodies = read_many(body, is_lines=call.media_type in LINES)
        if not bodies:
            raise Invalid("The batch is empty.")
        standing = await self._quota.take(origin.tenant, len(bodies), self._clock.now())
        if standing.refusal is not None:
            return _too_many(standing, standing.refusal)
        answers = await self._gateway.accept_many(bodies, origin, key=_key(call))
        return Reply(202, _encode(_summary(answers)), headers=standing.headers)

    async def _origin(self, call: Call) -> Origin:
        caller = await self._callers(call)
        return Origin(caller.tenant, "rest", call.header(b"traceparent"), _correlation(call))


def _key(call: Call) -> str | None:
    key = call.header(b"idempotency-key")
    if key is None:
        return None
    key = key.strip('"')
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
        raise Invalid("The header Idempotency-Key must have 1 to 255 visible characters.")
    return key


def _correlation(call: Call) -> str | None:
    """What the caller calls this by elsewhere; like X-Request-ID passed over where it is no id."""
    sent = call.header(b"x-correlation-id")
    return sent if sent is not None and _is_id(sent) else None


def _too_many(standing: RateLimitStatus, refusal: SendwellError) -> Reply:
    refused = problem_of(refusal)
    refused.headers = [*refused.headers, *standing.headers]
    return refused


class _Links(msgspec.Struct, gc=False):
    self: str
    timeline: str


class _Accepted(msgspec.Struct, gc=False):
    id: str | None
    status: str
    duplicate: bool
    links: _Links


def _accepted(answer: Answer, standing: RateLimitStatus) -> Reply:
    place = f"/api/v1/notifications/{answer.id}"
    links = _Links(place, f"{place}/timeline")
    body = _encode(_Accepted(answer.id, "PENDING", answer.is_duplicate, links))
    replayed = [_REPLAYED] if answer.is_duplicate else []
    headers = [(b"location", place.encode()), *standing.headers, *replayed]
    return Reply(202, body, headers=headers)


class _Flaw(msgspec.Struct, gc=False):
    pointer: str
    detail: str


class _Item(msgspec.Struct, gc=False):
    index: int
    status: str
    id: str | None


class _RefusedItem(msgspec.Struct, gc=False):
    index: int
    status: str
    code: str
    detail: str
    errors: list[_Flaw]


class _Summary(msgspec.Struct, gc=False):
    accepted: int
    duplicate: int
    refused: int
    items: list[_Item | _RefusedItem]


def _summary(answers: list[Answer]) -> _Summary:
    refused = sum(answer.refusal is not None for answer in answers)
    duplicate = sum(answer.is_duplicate for answer in answers)
    items = [_item(number, answer) for number, answer in enumerate(answers)]
    return _Summary(len(answers) - refused - duplicate, duplicate, refused, items)


def _item(number: int, answer: Answer) -> _Item | _RefusedItem:
    if answer.refusal is not None:
        return _refused(number, answer.refusal)
    return _Item(number, "duplicate" if answer.is_duplicate else "accepted", answer.id)


def _refused(number: int, refusal: SendwellError) -> _RefusedItem:
    flaws = [_Flaw(flaw.pointer, flaw.why) for flaw in refusal.flaws]
    return _RefusedItem(number, "refused", refusal.code, refusal.message, flaws)
