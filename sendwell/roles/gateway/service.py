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


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What became of one request: accepted, a repetition, or refused and why."""

    id: str | None = None
    is_duplicate: bool = False
    refusal: SendwellError | None = None


class _Waiting(msgspec.Struct, frozen=True, gc=False):
    """The entries of one call, for which somebody waits since that time of the loop."""

    entries: Sequence[Entry]
    future: asyncio.Future[Sequence[Acceptance]]
    since: float

    @property
    def may_lose_patience(self) -> bool:
        """Whether the same call again would get the answer: it has a key."""
        return not self.future.done() and any(entry.key for entry in self.entries)


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
        patience_seconds: float = 15,
    ) -> None:
        self._builder = builder
        self._journal = journal
        self._backlog = backlog
        self._tenants = tenants
        self._templates = templates
        self._patience = patience_seconds
        self._waiting: list[_Waiting] = []
        self._in_commit: Sequence[_Waiting] = ()
        self._alarm: asyncio.TimerHandle | None = None
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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[Acceptance]] = loop.create_future()
        self._waiting.append(_Waiting(entries, future, loop.time()))
        self._arrived.set()
        if self._alarm is None:
            self._alarm = loop.call_later(self._patience, self._lose_patience)
        return await future

    def _lose_patience(self) -> None:
        """Send those away who have waited too long; their commits go on, and so does the alarm."""
        loop = asyncio.get_running_loop()
        patient: list[float] = []
        for waiting in (*self._in_commit, *self._waiting):
            if not waiting.may_lose_patience:
                continue
            if waiting.since + self._patience <= loop.time():
                waiting.future.set_exception(_still_running())
            else:
                patient.append(waiting.since)
        due = min(patient, default=None)
        at = self._lose_patience
        self._alarm = None if due is None else loop.call_at(due + self._patience, at)

    def _next_group(self) -> list[_Waiting]:
        taken = size = 0
        while taken < len(self._waiting) and size < _LARGEST_GROUP:
            size += len(self._waiting[taken].entries)
            taken += 1
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group

    async def _store_group(self, group: Sequence[_Waiting]) -> None:
        entries = [entry for waiting in group for entry in waiting.entries]
        self._in_commit = group
        failpoint("accept.before")
        try:
            with self._backlog.expecting([entry.request for entry in entries]):
                accepted = await self._journal.accept(entries)
        except Exception as error:  # noqa: BLE001 - each caller hears of it
            for waiting in group:
                if not waiting.future.done():
                    waiting.future.set_exception(error)
            return
        failpoint("accept.after")
        self._hand_on(entries, accepted)
        start = 0
        for waiting in group:
            size = len(waiting.entries)
            if not waiting.future.done():
                waiting.future.set_result(accepted[start : start + size])
            start += size

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


def _still_running() -> Conflict:
    return Conflict(
        "A request with this idempotency key is still running. Send it again in a moment to get"
        " its answer.",
        code="still_running",
    )


_REUSED = Invalid(
    "This idempotency key was used for another request. Use a new key, or send the same body.",
    code="idempotency_key_reused",
)


def _one_key(given: NotificationIn, header: str | None) -> str | None:
    if given.idempotency_key and header and given.idempotency_key != header.partition("#")[0]:
        raise Conflict("The header Idempotency-Key and the field idempotency_key differ.")
    return given.idempotency_key or header
