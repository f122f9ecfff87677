"""What came of deliveries, put on record in batches: whatever came back while the last commit was
in flight is the next batch.

A send that a provider has taken must never go out again because its bookkeeping failed: when a
commit fails the batch is kept and tried again until it is on disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import structlog

from sendwell.domain.admission import Stop
from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State, move
from sendwell.domain.outcome import Accepted, Blame, Fault, Outcome, Refused
from sendwell.domain.settle import Settled, Tried, settle, states_of
from sendwell.domain.triage import Cause, triage
from sendwell.messages.dead import Dead
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.clock import Chance, Clock
from sendwell.ports.suppressions import Suppressions
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene

log = structlog.get_logger()
_MOST_UNSETTLED = 2_048
_RETRY_SECONDS = 0.5


class Sent(msgspec.Struct, frozen=True, gc=False):
    """An attempt has come back. `others` are the accounts it could still go to."""

    task: Task
    outcome: Outcome
    at: int
    others: tuple[str, ...] = ()
    address: str | None = None


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """A rule has ended it."""

    task: Task
    stop: Stop


class Held(msgspec.Struct, frozen=True, gc=False):
    """A rule makes it wait."""

    task: Task
    until: int
    rule: str


class AskedAgain(msgspec.Struct, frozen=True, gc=False):
    """It is no longer held until the time that was told, for its person has changed."""

    task: Task
    at: int


class Unsendable(msgspec.Struct, frozen=True, gc=False):
    """It could not be made into something to send."""

    task: Task
    fault: Fault


Event = Sent | Stopped | Held | AskedAgain | Unsendable
_ASKED_AGAIN = Fault("person_changed", "The person has changed, so the rules are asked again.")


@dataclass(slots=True)
class _Book:
    """What one batch of events comes to."""

    said: list[Message] = field(default_factory=list)
    finished: list[Task] = field(default_factory=list)
    waiting: list[Task] = field(default_factory=list)


class Settler:
    """Decides what each event means, and commits it together with its history."""

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
        self._tenants = tenants
        self._suppressions = suppressions
        self._resends_unknown = resends_unknown
        self._clock = clock
        self._chance = chance
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
        book = _Book()
        for event in events:
            self._enter(event, book)
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

    def _write(self, scene: Scene, book: _Book) -> Sequence[Message]:
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

    def _enter(self, event: Event, book: _Book) -> None:
        if isinstance(event, Sent):
            self._enter_sent(event, book)
            return
        match event:
            case Held(task, until, rule):
                task.wait(until, rule)
                self._move(task, State.HELD, book, rule=rule, due=task.due)
                book.waiting.append(task)
            case AskedAgain(task, at):
                self._move(task, State.HELD, book, at=at, fault=_ASKED_AGAIN)
            case Stopped(task, stop):
                self._enter_stopped(task, stop, book)
            case Unsendable(task, fault):
                self._end(task, fault, triage(fault, exhausted=False), book=book)

    def _enter_sent(self, event: Sent, book: _Book) -> None:
        task = event.task
        if isinstance(event.outcome, Accepted):
            for state in states_of(event.outcome):
                self._move(task, state, book, at=event.at, reference=event.outcome.reference)
            book.finished.append(task)
            return
        policy = self._tenants.policy(task.request.tenant)
        resends = policy.resends_unknown.get(task.channel, self._resends_unknown(task.channel))
        settled = settle(
            Tried(task.attempt, task.provider or "", task.tried, event.others),
            event.outcome,
            policy.retry,
            resends_unknown=resends,
            chance=self._chance.draw(),
        )
        if settled.state is State.RETRYING:
            self._enter_retry(task, settled, event.at, book)
        else:
            cause = triage(
                settled.fault, exhausted=settled.exhausted, is_unknown=settled.is_unknown
            )
            self._end(task, settled.fault, cause, book=book, at=event.at)

    def _enter_retry(self, task: Task, settled: Settled, at: int, book: _Book) -> None:
        self._move(task, State.FAILED, book, at=at, fault=settled.fault)
        until = at + settled.wait // timedelta(microseconds=1)
        task.wait(until, settled.fault.code if settled.fault else None)
        task.tried = settled.refused_by
        self._move(task, State.RETRYING, book, at=at, due=task.due)
        book.waiting.append(task)

    def _enter_stopped(self, task: Task, stop: Stop, book: _Book) -> None:
        if stop.state is State.DEAD:
            fault = Fault(stop.rule, stop.text, Blame.ADDRESS)
            self._end(task, fault, triage(fault, exhausted=False), book=book)
            return
        self._move(task, stop.state, book, rule=stop.rule, fault=Fault(stop.rule, stop.text))
        book.finished.append(task)

    def _end(
        self, task: Task, fault: Fault | None, cause: Cause, *, book: _Book, at: int = 0
    ) -> None:
        for state in (State.FAILED, State.DEAD):
            self._move(task, state, book, at=at, fault=fault)
        book.finished.append(task)
        book.said.append(_dead(task, fault, cause, at or self._clock.now()))

    def _move(
        self,
        task: Task,
        state: State,
        book: _Book,
        *,
        at: int = 0,
        fault: Fault | None = None,
        reference: str | None = None,
        rule: str | None = None,
        due: int = 0,
    ) -> None:
        task.state = move(task.state, state)
        request = task.request
        book.said.append(
            Status(
                tenant=request.tenant,
                notification=request.id,
                position=request.position,
                part=task.part,
                channel=task.channel,
                state=state,
                at=at or self._clock.now(),
                planned_at=task.planned_at,
                claimed_at=task.claimed_at,
                attempt=task.attempt,
                provider=task.provider,
                reference=reference,
                code=fault.code if fault else None,
                text=fault.text if fault else None,
                rule=rule,
                due=due,
                user_id=request.to[task.recipient].user_id,
                lane=request.lane,
                beside=task.beside,
            )
        )


def _dead(task: Task, fault: Fault | None, cause: Cause, at: int) -> Dead:
    request = task.request
    return Dead(
        tenant=request.tenant,
        position=request.position,
        notification=request.id,
        part=task.part,
        channel=task.channel,
        event_type=request.event_type,
        lane=request.lane,
        cause=cause.value,
        code=fault.code if fault else None,
        text=fault.text if fault else None,
        provider=task.provider,
        attempt=task.attempt,
        at=at,
    )
