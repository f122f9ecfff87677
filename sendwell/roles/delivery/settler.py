"""What came of deliveries, put on record in batches: whatever came back while the last commit was
in flight is the next batch.

A send that a provider has taken must never go out again because its bookkeeping failed: what cannot
be put on record is kept and tried again until it is on disk. Where one delivery cannot, it is kept
alone, and the others of its batch do not wait for it.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName
from sendwell.ports.clock import Chance, Clock
from sendwell.ports.suppressions import Suppressions
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.book import Book
from sendwell.roles.delivery.bookkeeper import Bookkeeper
from sendwell.roles.delivery.bounces import Bounces
from sendwell.roles.delivery.events import Event
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene
from sendwell.runtime.waiting import wait_at_most
from sendwell.telemetry.outage import Outage

log = structlog.get_logger()
_MOST_UNSETTLED = 2_048
_RETRY_SECONDS = 0.5
_LONG_RETRY_SECONDS = 5.0
"""For what is alone at fault."""


class Settler:
    """Commits what each event means, together with its history."""

    def __init__(
        self,
        flow: Flow,
        store: DeliveryStore,
        *,
        tenants: Tenants,
        suppressions: Suppressions,
        resends_unknown: Callable[[ChannelName], bool],
        clock: Clock,
        chance: Chance,
        wait: Callable[[int, int], None],
    ) -> None:
        self._flow = flow
        self._store = store
        self._bounces = Bounces(suppressions, settle=self.put)
        self._bookkeeper = Bookkeeper(
            defers=self._bounces.take,
            tenants=tenants,
            resends_unknown=resends_unknown,
            clock=clock,
            chance=chance,
        )
        self._wait = wait
        self._events: list[Event] = []
        self._unrecorded: list[Book] = []
        """What is just being put on record, and what could not be."""
        self._tries_again_at = 0.0
        self._outage = Outage("delivery.settling_waits", "delivery.settling_goes_on")
        self._arrived = asyncio.Event()
        self._emptied = asyncio.Event()
        self._is_stopping = False

    def put(self, events: Sequence[Event]) -> None:
        """Take events in; they will be settled, whatever it takes."""
        if events:
            self._events.extend(events)
            self._arrived.set()

    async def has_room(self) -> None:
        """Wait while too much is unsettled: it bounds what a crash leaves unknown."""
        while self._unsettled() >= _MOST_UNSETTLED:
            self._emptied.clear()
            await self._emptied.wait()

    async def run(self) -> None:
        """Settle until `stop`, then settle what is left. However it has ended, it can be run again
        and goes on with everything it had.
        """
        try:
            async with asyncio.TaskGroup() as group:
                bounces = group.create_task(self._bounces.run())
                await self._settle_all()
                bounces.cancel()
        finally:
            self._is_stopping = False

    def stop(self) -> None:
        """Finish once everything that was put is settled."""
        self._is_stopping = True
        self._arrived.set()

    async def _settle_all(self) -> None:
        while self._events or self._bounces or self._unrecorded or not self._is_stopping:
            if self._unrecorded and self._now() >= self._tries_again_at:
                await self._record_all(self._unrecorded)
            if self._events:
                events, self._events = self._events, []
                await self._settle(events)
            else:
                await self._rest()
            self._emptied.set()

    async def _rest(self) -> None:
        """Until there is something new, or what is unrecorded is to be tried again."""
        self._arrived.clear()
        wait = self._tries_again_at - self._now() if self._unrecorded else None
        await wait_at_most(self._arrived, wait)

    async def _settle(self, events: Sequence[Event]) -> None:
        book = self._bookkeeper.enter(events)
        self._unrecorded.append(book)
        failpoint("settle.before")
        await self._record(book)
        failpoint("settle.after")

    async def _record_all(self, books: Sequence[Book]) -> None:
        for book in list(books):
            await self._record(book)

    async def _record(self, book: Book) -> None:
        """Put it on record, if not as one then in parts; what cannot be stays unrecorded."""
        error = await self._failure_of(book, book)
        if error is None:
            if not self._unrecorded:
                self._outage.is_over()
            return
        self._tries_again_at = self._now() + _RETRY_SECONDS
        if isinstance(error, Unavailable):
            self._outage.lasts(error.message)
            parts = book.by_ends()
            at_once = parts[:1]
        else:
            parts = at_once = book.halves()
            if not parts:
                await self._record_alone(book, error)
        if parts:
            self._unrecorded.remove(book)
            self._unrecorded += parts
        await self._record_all(at_once)

    async def _record_alone(self, book: Book, error: Exception | None) -> None:
        """Try it once more, for it may have met another process, then in our own words: what the
        provider has said may be what no database takes.
        """
        first = book.said[0]
        named = {"notification": first.notification, "part": first.part}
        log.error("delivery.settle_failed", **named, exc_info=error)
        for words in (book, book.in_our_words()):
            error = await self._failure_of(book, words)
            if error is None:
                log.warning("delivery.settled_alone", **named, is_plain=words is not book)
                return
            if isinstance(error, Unavailable):
                return
        self._tries_again_at = self._now() + _LONG_RETRY_SECONDS

    async def _failure_of(self, book: Book, words: Book) -> Exception | None:
        """Put a book on record, in these words; gives why it could not be."""
        try:
            await self._flow.say(lambda scene: self._write(scene, book, words))
        except Exception as error:  # noqa: BLE001 - whoever asked logs it
            return error
        return None

    def _write(self, scene: Scene, book: Book, words: Book) -> Sequence[Message]:
        # A task that came by a bus knows its own recipient only.
        tasks = (*words.finished, *words.waiting)
        scene.knows(task.request for task in tasks if len(task.request.to) == 1)
        if words.finished:
            scene.write(self._store.finish(words.finished))
        if words.waiting:
            scene.write(self._store.postpone(words.waiting))
        scene.after_commit(lambda: self._recorded(book))
        return words.said

    def _recorded(self, book: Book) -> None:
        self._unrecorded.remove(book)
        for task in book.waiting:
            self._wait(task.due, task.work)

    def _unsettled(self) -> int:
        kept = sum(len(book) for book in self._unrecorded)
        return len(self._events) + len(self._bounces) + kept

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
