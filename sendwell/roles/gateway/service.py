"""The gateway at work: checks requests, stores them in groups, hands them to the planner."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from sendwell.domain.errors import Conflict, Invalid, SendwellError
from sendwell.domain.ids import TenantId
from sendwell.domain.lane import BY_NUMBER
from sendwell.messages.requested import Requested
from sendwell.ports.clock import Ids
from sendwell.ports.journal import Acceptance, Entry, Journal
from sendwell.ports.tenants import Tenants
from sendwell.roles.gateway.line import Line
from sendwell.roles.gateway.request import Builder, Origin, hashed
from sendwell.roles.gateway.subscribers import Subscribers, topic_alone
from sendwell.roles.gateway.templates import Check, TemplateCheck
from sendwell.roles.gateway.wire import NotificationIn, as_written, read
from sendwell.runtime.backlog import Backlog

_AT_ONCE = 8


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What became of one request: accepted, a repetition, or refused and why."""

    id: str | None = None
    is_duplicate: bool = False
    refusal: SendwellError | None = None


class Ask(NamedTuple):
    """One request as JSON, where it came from, and the key that it came with: of a batch its place
    in that as well, for each item has its own share of the key.
    """

    body: bytes
    origin: Origin
    key: str | None = None
    place: int | None = None


class Gateway:
    """Accepts requests. When `accept` returns an id, the request is on disk."""

    def __init__(
        self,
        builder: Builder,
        journal: Journal,
        backlog: Backlog,
        ids: Ids,
        *,
        tenants: Tenants,
        templates: TemplateCheck,
        subscribers: Subscribers,
        patience_seconds: float = 15,
    ) -> None:
        self._builder = builder
        self._subscribers = subscribers
        self._tenants = tenants
        self._templates = templates
        self._urgent, self._others = (
            Line(journal, backlog, ids, is_urgent=is_urgent, patience_seconds=patience_seconds)
            for is_urgent in (True, False)
        )

    async def accept(self, body: bytes, origin: Origin, *, key: str | None = None) -> Answer:
        """Accept one request given as JSON. Raises what `Answer.refusal` would hold."""
        (answer,) = await self.accept_all([Ask(body, origin, key)])
        if answer.refusal is not None:
            raise answer.refusal
        return answer

    async def accept_many(
        self, bodies: Sequence[bytes], origin: Origin, *, key: str | None = None
    ) -> list[Answer]:
        """Accept requests given as JSON, each by itself: a bad one refuses only itself.

        `key` is the Idempotency-Key of the call; each item of a batch has its own share of it.
        """
        return await self.accept_all(
            Ask(body, origin, key, place) for place, body in enumerate(bodies)
        )

    async def accept_all(self, asks: Iterable[Ask]) -> list[Answer]:
        """Accept requests of whatever tenants, each by itself; one commit for them all."""
        checks: dict[TenantId, Check] = {}
        entries: list[Entry | SendwellError] = []
        for number, (body, origin, key, place) in enumerate(asks):
            tenant = origin.tenant
            if tenant not in checks:
                checks[tenant] = self._templates.begin(tenant)
            try:
                given = read(body)
                if (topic := topic_alone(given)) is not None:
                    given = await self._subscribers.instead_of(topic, given, tenant)
                request = self._builder.build(given, origin, self._tenants.policy(tenant))
                if request.template is not None:
                    await checks[tenant](request)
                entry = _entry(request, body, _one_key(given, key, place), is_named=bool(given.id))
                entries.append(entry)
            except SendwellError as error:
                entries.append(as_written(error, body))
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # a large batch lets others go on
        good = [entry for entry in entries if isinstance(entry, Entry)]
        accepted = iter(await self._store(good) if good else ())
        return [
            _answer(next(accepted)) if isinstance(entry, Entry) else Answer(refusal=entry)
            for entry in entries
        ]

    async def run(self) -> None:
        """Store what arrives, in groups, until `close`; what was handed in is stored."""
        await asyncio.gather(self._urgent.run(), self._others.run())

    def close(self) -> None:
        """Accept nothing more."""
        self._urgent.close()
        self._others.close()

    async def _store(self, entries: Sequence[Entry]) -> Sequence[Acceptance]:
        is_urgent = BY_NUMBER[max(entry.request.lane for entry in entries)].is_urgent
        return await (self._urgent if is_urgent else self._others).store(entries)


def _entry(request: Requested, body: bytes, key: str | None, *, is_named: bool) -> Entry:
    if key is None:
        return Entry(request, is_named=is_named)
    return Entry(request, hashed(key.encode(), 16), hashed(body, 8), is_named)


def _answer(acceptance: Acceptance) -> Answer:
    if acceptance.is_other:
        return Answer(refusal=_reused())
    return Answer(acceptance.id, acceptance.is_duplicate)


def _reused() -> Invalid:
    return Invalid(
        "This idempotency key was used for another request. Use a new key, or send the same body.",
        code="idempotency_key_reused",
    )


def _one_key(given: NotificationIn, header: str | None, place: int | None) -> str | None:
    own = given.idempotency_key
    if own and header and own != header:
        raise Conflict("The header Idempotency-Key and the field idempotency_key differ.")
    if own or header is None or place is None:
        return own or header
    return f"{header}#{place}"
