"""What came of deliveries, put on record in batches: whatever came back while the last commit was
in flight is the next batch.

A send that a provider has taken must never go out again because its bookkeeping failed: when a
commit fails the batch is kept and tried again until it is on disk.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from sendwell.domain.ids import ChannelName
from sendwell.domain.outcome import Accepted, Blame, Refused
from sendwell.messages.task import Task
from sendwell.ports.clock import Chance, Clock
from sendwell.ports.suppressions import Suppressions
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.bookkeeper import Book, Bookkeeper
from sendwell.roles.delivery.events import Event, Sent
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene

log = structlog.get_logger()
_MOST_UNSETTLED = 2_048
_RETRY_SECONDS = 0.5


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
        self._suppressions = suppressions
        self._bookkeeper = Bookkeeper(
            tenants=tenants, resends_unknown=resends_unknown, clock=clock, chance=chance
        )
        self._wait = wait
        self._events: list[Event] = []
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
        while len(self._events) >= _MOST_UNSETTLED:
            self._emptied.clear()
            await self._emptied.wait()

    async def run(self) -> None:
        """Settle until `stop`, then settle what is left."""
        while self._events or not self._is_stopping:
            if not self._events:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            events, self._events = self._events, []
            await self._settle(events)
            self._emptied.set()

    def stop(self) -> None:
        """Finish once everything that was put is settled."""
        self._is_stopping = True
        self._arrived.set()

    async def _settle(self, events: Sequence[Event]) -> None:
        book = self._bookkeeper.enter(events)
        failpoint("settle.before")
        while True:
            try:
                await self._suppress(events)
                await self._flow.say(lambda scene: self._write(scene, book))
                break
            except Exception:
                log.exception("delivery.settle_failed", deliveries=len(events))
                await asyncio.sleep(_RETRY_SECONDS)
        failpoint("settle.after")

    async def _suppress(self, events: Sequence[Event]) -> None:
        """Addresses that a provider has refused for good are not used for the next send."""
        for event in events:
            if not isinstance(event, Sent) or isinstance(event.outcome, Accepted):
                continue
            match event:
                case Sent(task, Refused(fault), address=str(address)) if (
                    fault.blame is Blame.ADDRESS
                ):
                    await self._suppressions.suppress(
                        task.request.tenant,
                        task.channel,
                        address=address,
                        reason="address_gone",
                        at=event.at,
                    )

    def _write(self, scene: Scene, book: Book) -> Sequence[Message]:
        # A task that came by a bus knows its own recipient only.
        tasks = (*book.finished, *book.waiting)
        scene.knows(task.request for task in tasks if len(task.request.to) == 1)
        if book.finished:
            scene.write(self._store.finish(book.finished))
        if book.waiting:
            scene.write(self._store.postpone(book.waiting))
            scene.after_commit(lambda: self._remember(book.waiting))
        return book.said

    def _remember(self, waiting: Sequence[Task]) -> None:
        for task in waiting:
            self._wait(task.due, task.work)
