"""The gateway at work: checks requests, stores them in groups, hands them to the planner."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from sendwell.domain.errors import Invalid, SendwellError
from sendwell.domain.ids import Position, TenantId
from sendwell.domain.lane import BY_NUMBER
from sendwell.messages.original import Original
from sendwell.messages.wire.originals import Originals
from sendwell.ports.clock import Ids
from sendwell.ports.journal import Acceptance, Claim, Entry, Journal
from sendwell.ports.tenants import Tenants
from sendwell.roles.gateway.line import Line
from sendwell.roles.gateway.repetition import Refusal, claim_of, entry_of, one_key
from sendwell.roles.gateway.request import Builder, Origin
from sendwell.roles.gateway.subscribers import Subscribers, topic_alone
from sendwell.roles.gateway.templates import Check, TemplateCheck
from sendwell.roles.gateway.wire import as_written, contract_of, read
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
    original: Original | None = None
    """What the producer wrote, where that is not the JSON itself."""


class Gateway:
    """Accepts requests. When `accept` returns an id, the request is on disk.

    With `originals` calls are kept word for word where those can use them.
    """

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
        originals: Originals | None = None,
        patience_seconds: float = 15,
    ) -> None:
        self._builder = builder
        self._journal = journal
        self._ids = ids
        self._subscribers = subscribers
        self._originals = originals
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
        entries: list[Entry | Refusal] = []
        for number, (body, origin, header, place, original) in enumerate(asks):
            tenant = origin.tenant
            if tenant not in checks:
                checks[tenant] = self._templates.begin(tenant)
            given = key = None
            try:
                given = read(body)
                key = one_key(given, header, place)
                if (topic := topic_alone(given)) is not None:
                    given = await self._subscribers.instead_of(topic, given, tenant)
                request = self._builder.build(given, origin, self._tenants.policy(tenant))
                if self._originals is not None and topic is None:  # who is meant is not in it
                    kept = original or self._originals.of_call(body, contract_of(body))
                    request = msgspec.structs.replace(request, original=kept)
                if request.template is not None:
                    await checks[tenant](request)
                entries.append(entry_of(request, body, key, is_named=bool(given.id)))
            except SendwellError as error:
                claim = claim_of(error, given, tenant=tenant, body=body, key=key)
                entries.append(Refusal(as_written(error, body), claim))
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # a large batch lets others go on
        good = [entry for entry in entries if isinstance(entry, Entry)]
        first = await self._first_answers(entries) if len(good) < len(entries) else {}
        accepted = iter(await self._store(good) if good else ())
        return [
            _answer(next(accepted)) if isinstance(entry, Entry) else _again(entry, first)
            for entry in entries
        ]

    async def run(self) -> None:
        """Store what arrives, in groups, until `close`; what was handed in is stored."""
        await asyncio.gather(self._urgent.run(), self._others.run())

    def close(self) -> None:
        """Accept nothing more."""
        self._urgent.close()
        self._others.close()

    async def _first_answers(
        self, entries: Sequence[Entry | Refusal]
    ) -> Mapping[Claim, Acceptance]:
        """The answers of what is refused today and was accepted before."""
        claims = [each.claim for each in entries if isinstance(each, Refusal) and each.claim]
        if not claims:
            return {}
        return await self._journal.repeated(claims, at=Position(self._ids.position()))

    async def _store(self, entries: Sequence[Entry]) -> Sequence[Acceptance]:
        is_urgent = BY_NUMBER[max(entry.request.lane for entry in entries)].is_urgent
        return await (self._urgent if is_urgent else self._others).store(entries)


def _answer(acceptance: Acceptance) -> Answer:
    if acceptance.is_other:
        return Answer(refusal=_reused())
    return Answer(acceptance.id, acceptance.is_duplicate)


def _again(refused: Refusal, first: Mapping[Claim, Acceptance]) -> Answer:
    if refused.claim is not None and (acceptance := first.get(refused.claim)):
        return _answer(acceptance)
    return Answer(refusal=refused.error)


def _reused() -> Invalid:
    return Invalid(
        "This idempotency key was used for another request. Use a new key, or send the same body.",
        code="idempotency_key_reused",
    )
