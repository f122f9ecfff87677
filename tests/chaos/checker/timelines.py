"""The timeline tells every move, and only moves that the lifecycle table lists."""

from collections.abc import Iterator, Sequence

from sendwell.domain.lifecycle import State, may
from tests.chaos.checker.case import Case, Rule, Violation
from tests.chaos.checker.sends import CRASHED
from tests.chaos.evidence import Event, InFlight

_STATES = {
    "PLANNED": State.PENDING,
    "SEND_ATTEMPT": State.PROCESSING,
    "RETRIED": State.RETRYING,
} | {state.value: state for state in State}  # fmt: skip


def gaps(case: Case) -> Iterator[Violation]:
    """Timelines that do not lead from the beginning to where the delivery stands."""
    for known in case.known:
        if [event.event for event in known.events[:1]] != ["CREATED"]:
            yield case.violation(Rule.GAP, f"The timeline of {known.id} lacks its beginning.")
        for part, delivery in known.deliveries.items():
            events = known.timeline(part)
            yield from _moves(case, part, events)
            yield from _attempts(case, part, events, delivery.attempts)
            yield from _end(case, part, events, delivery.status)
        yield from _labels(case, known.id)


def _moves(case: Case, part: str, events: Sequence[Event]) -> Iterator[Violation]:
    if not events or events[0].event != "PLANNED":
        yield case.violation(Rule.GAP, f"The delivery {part} was never planned.")
        return
    now = State.PENDING
    for event in events[1:]:
        then = _STATES[event.event]
        if not may(now, then):
            yield case.violation(Rule.GAP, f"The delivery {part} went from {now} to {then}.")
        now = then


def _attempts(case: Case, part: str, events: Sequence[Event], attempts: int) -> Iterator[Violation]:
    told = [event.attempt for event in events if event.event == "SEND_ATTEMPT"]
    if told != list(range(1, attempts + 1)):
        text = f"The delivery {part} had {attempts} attempts; the timeline tells {told}."
        yield case.violation(Rule.GAP, text)


def _end(case: Case, part: str, events: Sequence[Event], status: str) -> Iterator[Violation]:
    if events and _STATES[events[-1].event] != status:
        text = f"The delivery {part} is {status}; its timeline ends with {events[-1].event}."
        yield case.violation(Rule.GAP, text)


def _labels(case: Case, id_: str) -> Iterator[Violation]:
    """The attempts labelled `unknown` are those that were in flight at a kill, all of them, and of
    those at a pause any.
    """
    labelled = {
        InFlight(id_, event.part, event.attempt or 0)
        for known in case.known
        for event in known.events
        if event.part and event.event == "FAILED" and event.code == CRASHED
    }
    for attempt in sorted((labelled - {*case.exposed}) ^ ({*case.in_flight} - {*case.exposed})):
        was = "was not" if attempt in labelled else "was"
        text = f"Attempt {attempt.attempt} of {attempt.part} {was} in flight at a kill."
        yield case.violation(Rule.UNLABELLED, text)
