"""What came to the sinks: once, unless the record says that nobody could know."""

from collections.abc import Iterator

from sendwell.domain.lifecycle import State
from tests.chaos.checker.case import Case, Rule, Violation
from tests.chaos.checker.promises import WENT_OUT
from tests.chaos.evidence import Event

CRASHED = "unknown"
"""What the record says of an attempt that the process died in."""

_NOT_ANSWERED = frozenset({
    "http.broken", "http.timeout", "http.bad_answer",
    "smtp.connection_lost", "smtp.timeout", "smtp.protocol",
})  # fmt: skip
"""What it says of an attempt that the other side died in, as far as we could see."""


def is_unknown(event: Event) -> bool:
    """Whether the event says that the attempt may have been taken or not."""
    return event.event == "FAILED" and (event.code == CRASHED or event.code in _NOT_ANSWERED)


def wrong_sends(case: Case) -> Iterator[Violation]:
    """Deliveries that came too often, too early, too late or under changing names."""
    for part in sorted({call.part for call in case.calls}):
        yield from _name(case, part)
        if case.known:
            yield from _number(case, part)
    yield from _early(case)
    yield from _cancelled(case)


def _name(case: Case, part: str) -> Iterator[Violation]:
    keys = {call.key for call in case.calls if call.part == part}
    if len(keys) > 1:
        yield case.violation(Rule.RENAMED, f"The delivery {part} came as {sorted(keys)}.")


def _number(case: Case, part: str) -> Iterator[Violation]:
    """How often a sink may have taken it: once when it went out, and once for every attempt that
    nobody heard of again. The record and the harness each say which those were.
    """
    if (status := case.status(part)) is None:
        yield case.violation(Rule.UNASKED, f"The delivery {part} came, and is not on record.")
        return
    taken = case.taken(part)
    went_out = int(status in WENT_OUT or status == State.PROCESSING)
    labelled = sum(is_unknown(event) for event in case.events(part))
    lost = sum(not call.is_answered for call in taken)
    broken = lost + case.broken_off(part)
    for count, whose in ((labelled, "are labelled unknown"), (broken, "broke off")):
        if len(taken) > went_out + count:
            text = f"The delivery {part} was taken {len(taken)} times; {count} attempts {whose}."
            yield case.violation(Rule.DOUBLED, text)


def _early(case: Case) -> Iterator[Violation]:
    due = next((accepted.due for accepted in case.accepted if accepted.due), None)
    for call in case.calls:
        if due is not None and call.at < due:
            text = f"The delivery {call.part} came {(due - call.at) / 1e6:.3f} s before its time."
            yield case.violation(Rule.EARLY, text)


def _cancelled(case: Case) -> Iterator[Violation]:
    for cancelled in case.cancelled:
        for part in cancelled.parts:
            if any(call.part == part and call.at > cancelled.at for call in case.calls):
                text = f"The delivery {part} came after its cancel was answered."
                yield case.violation(Rule.CANCELLED, text)
            if case.known and case.status(part) != "CANCELLED":
                text = f"The delivery {part} was cancelled and is {case.status(part)}."
                yield case.violation(Rule.CANCELLED, text)
