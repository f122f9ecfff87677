"""The gateway at work: checks requests, stores them in groups, hands them to the planner."""

import asyncio
from collections.abc import Sequence

import msgspec

from sendwell.domain.errors import Conflict, Invalid, SendwellError, Unavailable
from sendwell.messages.requested import Requested
from sendwell.ports.journal import Acceptance, Entry, Journal
from sendwell.ports.tenants import Tenants
from sendwell.roles.gateway.request import Builder, Origin, hashed
from sendwell.roles.gateway.templates import TemplateCheck
from sendwell.roles.gateway.wire import NotificationIn, read
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.failpoints import failpoint

_LARGEST_GROUP = 2_000
_PATIENCE_SECONDS = 15


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What became of one request: accepted, a repetition, or refused and why."""

    id: str | None = None
    is_duplicate: bool = False
    refusal: SendwellError | None = None


_Waiting = tuple[Sequence[Entry], asyncio.Future[Sequence[Acceptance]]]


class Gateway:
    """Accepts requests. When `accept` returns an id, the request is on disk."""

    def __init__(
        self,
        builder: Builder,
        journal: Journal,
        backlog: Backlog,
        *,
        tenants: Tenants,
        templates: TemplateCheck,
    ) -> None:
        self._builder = builder
        self._journal = journal
        self._backlog = backlog
        self._tenants = tenants
        self._templates = templates
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._is_closed = False

    async def accept(self, body: bytes, origin: Origin, *, key: str | None = None) -> Answer:
        """Accept one request given as JSON. Raises what `Answer.refusal` would hold."""
        (answer,) = await self.accept_many([body], origin, key=key)
        if answer.refusal is not None:
            raise answer.refusal
        return answer

    async def accept_many(
        self, bodies: Sequence[bytes], origin: Origin, *, key: str | None = None
    ) -> list[Answer]:
        """Accept requests given as JSON, each by itself: a bad one refuses only itself.

        `key` is the Idempotency-Key of the call; each item of a batch has its own share of it.
        """
        check = self._templates.begin(origin.tenant)
        policy = self._tenants.policy(origin.tenant)
        entries: list[Entry | SendwellError] = []
        for number, body in enumerate(bodies):
            share = f"{key}#{number}" if key and len(bodies) > 1 else key
            try:
                given = read(body)
                request = self._builder.build(given, origin, policy)
                if request.template is not None:
                    await check(request)
                entries.append(_entry(request, body, _one_key(given, share)))
            except SendwellError as error:
                entries.append(error)
        good = [entry for entry in entries if isinstance(entry, Entry)]
        accepted = iter(await self._store(good) if good else ())
        return [
            _answer(next(accepted)) if isinstance(entry, Entry) else Answer(refusal=entry)
            for entry in entries
        ]

    async def run(self) -> None:
        """Store what arrives, in groups, until `close`; what was handed in is stored."""
        while self._waiting or not self._is_closed:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._store_group(self._next_group())

    def close(self) -> None:
        """Accept nothing more."""
        self._is_closed = True
        self._arrived.set()

    async def _store(self, entries: Sequence[Entry]) -> Sequence[Acceptance]:
        if self._is_closed:
            raise Unavailable("Sendwell is stopping; send this again in a moment.")
        future: asyncio.Future[Sequence[Acceptance]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, future))
        self._arrived.set()
        if any(entry.key for entry in entries):
            await asyncio.wait([future], timeout=_PATIENCE_SECONDS)
            if not future.done():  # the commit goes on; the key will give its answer
                raise Conflict(
                    "A request with this idempotency key is still running. Send it again in a"
                    " moment to get its answer.",
                    code="still_running",
                )
        return await future

    def _next_group(self) -> list[_Waiting]:
        taken = size = 0
        while taken < len(self._waiting) and size < _LARGEST_GROUP:
            size += len(self._waiting[taken][0])
            taken += 1
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group

    async def _store_group(self, group: Sequence[_Waiting]) -> None:
        entries = [entry for own, _ in group for entry in own]
        failpoint("accept.before")
        try:
            accepted = await self._journal.accept(entries)
        except Exception as error:  # noqa: BLE001 - each caller hears of it
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        failpoint("accept.after")
        self._hand_on(entries, accepted)
        start = 0
        for own, future in group:
            if not future.done():
                future.set_result(accepted[start : start + len(own)])
            start += len(own)

    def _hand_on(self, entries: Sequence[Entry], accepted: Sequence[Acceptance]) -> None:
        fresh: list[Requested] = [
            entry.request
            for entry, acceptance in zip(entries, accepted, strict=True)
            if not acceptance.is_duplicate
        ]
        self._backlog.put(fresh)


def _entry(request: Requested, body: bytes, key: str | None) -> Entry:
    if key is None:
        return Entry(request)
    return Entry(request, hashed(key.encode()), hashed(body))


def _answer(acceptance: Acceptance) -> Answer:
    if acceptance.is_other:
        return Answer(refusal=_REUSED)
    return Answer(acceptance.id, acceptance.is_duplicate)


_REUSED = Invalid(
    "This idempotency key was used for another request. Use a new key, or send the same body.",
    code="idempotency_key_reused",
)


def _one_key(given: NotificationIn, header: str | None) -> str | None:
    if given.idempotency_key and header and given.idempotency_key != header.partition("#")[0]:
        raise Conflict("The header Idempotency-Key and the field idempotency_key differ.")
    return given.idempotency_key or header
