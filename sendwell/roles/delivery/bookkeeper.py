"""What events mean: the moves that follow, the work that ends by them, and the work that waits."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from sendwell.domain.admission import Stop
from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import microseconds_in
from sendwell.domain.lane import BY_NUMBER
from sendwell.domain.lifecycle import State, move
from sendwell.domain.outcome import Accepted, Blame, Fault
from sendwell.domain.settle import GivenUp, Retry, Standing, next_account_in, settle
from sendwell.domain.triage import Cause, triage
from sendwell.messages.moved import dead_of, status_of
from sendwell.messages.task import Task
from sendwell.ports.clock import Chance, Clock
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.book import Book
from sendwell.roles.delivery.events import AskedAgain, Event, Held, Sent, Stopped, Unsendable

log = structlog.get_logger()
_TAKEN = (State.SENT,)
_ARRIVED = (State.SENT, State.DELIVERED)
_ASKED_AGAIN = Fault("person_changed", "The person has changed, so the rules are asked again.")


class Bookkeeper:
    """Decides what each event means. Writes nothing.

    What `defers` says yes to is left out: it comes back later.
    """

    def __init__(
        self,
        *,
        defers: Callable[[Sent], bool],
        tenants: Tenants,
        resends_unknown: Callable[[ChannelName], bool],
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._defers = defers
        self._tenants = tenants
        self._resends_unknown = resends_unknown
        self._clock = clock
        self._chance = chance

    def enter(self, events: Sequence[Event]) -> Book:
        """What these come to, together; their tasks have moved.

        One that makes no sense is left out: its work stays as it is on disk, for the next process.
        """
        book = Book()
        for event in events:
            said = len(book.said)
            try:
                self._enter(event, book)
            except Exception:
                task = event.task
                log.exception(
                    "delivery.not_understood", notification=task.request.id, part=task.part
                )
                del book.said[said:]
        return book

    def _enter(self, event: Event, book: Book) -> None:
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

    def _enter_sent(self, event: Sent, book: Book) -> None:
        task, outcome = event.task, event.outcome
        if isinstance(outcome, Accepted):
            for state in _ARRIVED if outcome.is_delivered else _TAKEN:
                self._move(task, state, book, at=event.at, reference=outcome.reference)
            book.finished.append(task)
            return
        if self._defers(event):
            return
        policy = self._tenants.policy(task.request.tenant)
        resends = policy.resends_unknown.get(task.channel, self._resends_unknown(task.channel))
        settled = settle(
            Standing(task.attempt, task.provider or "", task.tried, _next_in(event)),
            outcome,
            policy.retries.of(task.channel, is_last=_is_last(task)),
            resends_unknown=resends,
            chance=self._chance.draw(),
        )
        match settled:
            case Retry():
                self._enter_retry(task, settled, event.at, book)
            case GivenUp(fault, cause):
                self._end(task, fault, cause, book=book, at=event.at)

    def _enter_retry(self, task: Task, retry: Retry, at: int, book: Book) -> None:
        self._move(task, State.FAILED, book, at=at, fault=retry.fault)
        task.retry(at + microseconds_in(retry.wait), retry.fault.code, at=at)
        task.tried = retry.refused_by
        self._move(task, State.RETRYING, book, at=at, due=task.due)
        book.waiting.append(task)

    def _enter_stopped(self, task: Task, stop: Stop, book: Book) -> None:
        if stop.state is State.DEAD:
            fault = Fault(stop.rule, stop.text, Blame.ADDRESS)
            self._end(task, fault, triage(fault, exhausted=False), book=book)
            return
        self._move(task, stop.state, book, rule=stop.rule, fault=Fault(stop.rule, stop.text))
        book.finished.append(task)

    def _end(self, task: Task, fault: Fault, cause: Cause, *, book: Book, at: int = 0) -> None:
        for state in (State.FAILED, State.DEAD):
            self._move(task, state, book, at=at, fault=fault)
        book.finished.append(task)
        book.said.append(dead_of(task, fault, cause, at or self._clock.now()))

    def _move(
        self,
        task: Task,
        state: State,
        book: Book,
        *,
        at: int = 0,
        fault: Fault | None = None,
        reference: str | None = None,
        rule: str | None = None,
        due: int = 0,
    ) -> None:
        is_attempt = state is not State.FAILED or task.state is State.PROCESSING
        task.state = move(task.state, state)
        book.said.append(
            status_of(
                task,
                state,
                at or self._clock.now(),
                claimed_at=task.claimed_at if is_attempt else 0,
                fault=fault,
                reference=reference,
                rule=rule,
                due=due,
            )
        )


def _next_in(event: Sent) -> timedelta | None:
    task = event.task
    return next_account_in(
        event.next_in,
        is_urgent=BY_NUMBER[task.request.lane].is_urgent,
        falls_back=task.replay_of is None and task.request.falls_back,
    )


def _is_last(task: Task) -> bool:
    """Whether no other channel may follow: a replay is for the one that it is on."""
    return task.replay_of is not None or task.request.is_last_channel(task.recipient, task.channel)
