"""Where calls wait for the disk: stored in groups, each call answered when its group is stored."""

import asyncio
from collections.abc import Sequence

import msgspec

from sendwell.domain.errors import Conflict, Unavailable
from sendwell.domain.ids import Position
from sendwell.ports.clock import Ids
from sendwell.ports.journal import Acceptance, Entry, Journal
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.failpoints import failpoint

_LARGEST_GROUP = 128
"""Entries, unless one call alone has more: a short commit lets urgent ones in sooner."""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """The entries of one call, for which somebody waits since that time of the loop."""

    entries: Sequence[Entry]
    future: asyncio.Future[Sequence[Acceptance]]
    since: float

    @property
    def may_lose_patience(self) -> bool:
        """Whether the same call again would get the answer: it has a key."""
        return not self.future.done() and any(entry.key for entry in self.entries)


class Line:
    """One line of calls. What arrived while the last group was on its way is the next group."""

    def __init__(
        self,
        journal: Journal,
        backlog: Backlog,
        ids: Ids,
        *,
        is_urgent: bool,
        patience_seconds: float,
    ) -> None:
        self._journal = journal
        self._backlog = backlog
        self._ids = ids
        self._is_urgent = is_urgent
        self._patience = patience_seconds
        self._waiting: list[Waiting] = []
        self._in_commit: Sequence[Waiting] = ()
        self._alarm: asyncio.TimerHandle | None = None
        self._arrived = asyncio.Event()
        self._is_closed = False

    async def store(self, entries: Sequence[Entry]) -> Sequence[Acceptance]:
        """Wait until the entries are on disk and handed to the planner.

        Raises Conflict when that takes too long for a call with a key: its commit goes on, and
        the same call again gets the answer.
        """
        if self._is_closed:
            raise Unavailable("Sendwell is stopping; send this again in a moment.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[Acceptance]] = loop.create_future()
        self._waiting.append(Waiting(entries, future, loop.time()))
        self._arrived.set()
        if self._alarm is None:
            self._alarm = loop.call_later(self._patience, self._lose_patience)
        return await future

    async def run(self) -> None:
        """Store what arrives, until `close`; what was handed in is stored."""
        while self._waiting or not self._is_closed:
            if self._waiting:
                await self._store_group(self._next_group())
            else:
                self._arrived.clear()
                await self._arrived.wait()

    def close(self) -> None:
        """Take nothing more."""
        self._is_closed = True
        self._arrived.set()

    def _next_group(self) -> list[Waiting]:
        taken = size = 0
        for waiting in self._waiting:
            size += len(waiting.entries)
            if taken and size > _LARGEST_GROUP:
                break
            taken += 1
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group

    async def _store_group(self, group: Sequence[Waiting]) -> None:
        # A position is drawn when the journal hears of it, and not before: what is planned
        # meanwhile would take the mark past it, and a crash would lose it.
        entries = [self._placed(entry) for waiting in group for entry in waiting.entries]
        self._in_commit = group
        failpoint("accept.before")
        try:
            with self._backlog.expecting([entry.request for entry in entries]):
                accepted = await self._journal.accept(entries, is_urgent=self._is_urgent)
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

    def _placed(self, entry: Entry) -> Entry:
        position = Position(self._ids.position())
        request = msgspec.structs.replace(entry.request, position=position)
        return msgspec.structs.replace(entry, request=request)

    def _hand_on(self, entries: Sequence[Entry], accepted: Sequence[Acceptance]) -> None:
        fresh = [
            entry.request
            for entry, acceptance in zip(entries, accepted, strict=True)
            if not acceptance.is_duplicate
        ]
        self._backlog.put(fresh)

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


def _still_running() -> Conflict:
    return Conflict(
        "A request with this idempotency key is still running. Send it again in a moment to get"
        " its answer.",
        code="still_running",
    )
