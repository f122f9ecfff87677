"""What was accepted is on record and has come to an end that can be seen."""

from collections.abc import Iterator

from sendwell.domain.lifecycle import FINAL, State
from tests.chaos.checker.case import Case, Rule, Violation
from tests.chaos.evidence import Delivery

WENT_OUT = frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED})


def broken_promises(case: Case) -> Iterator[Violation]:
    """Requests and deliveries that were lost, invented, named twice or never ended."""
    yield from _identity(case)
    if not case.known:
        yield from _unknown(case)
        return
    yield from _plan(case)
    yield from _ends(case)


def _identity(case: Case) -> Iterator[Violation]:
    """The same request always has the same id, and no other."""
    ids = {accepted.id for accepted in case.accepted if accepted.id is not None}
    ids |= {known.id for known in case.known}
    if len(ids) > 1 or len(case.known) > 1:
        yield case.violation(Rule.DOUBLED, f"One request has the ids {sorted(ids)}.")


def _unknown(case: Case) -> Iterator[Violation]:
    if case.accepted:
        name = case.accepted[0].id or f"Request {case.serial}"
        yield case.violation(Rule.LOST, f"{name} was accepted, and nobody knows it.")
    elif case.calls:
        yield case.violation(Rule.UNASKED, "It came to a sink, and nobody knows it.")


def _plan(case: Case) -> Iterator[Violation]:
    planned = {part for known in case.known for part in known.deliveries}
    if not planned:
        yield case.violation(Rule.LIMBO, "It was never planned.")
    elif case.accepted:
        promised = set(case.accepted[0].parts)
        for part in sorted(promised - planned):
            yield case.violation(Rule.LOST, f"The delivery {part} was never planned.")
        for part in sorted(planned - promised):
            yield case.violation(Rule.UNASKED, f"The delivery {part} was planned.")


def _ends(case: Case) -> Iterator[Violation]:
    for known in case.known:
        for part, delivery in known.deliveries.items():
            if delivery.status not in FINAL:
                yield case.violation(Rule.LIMBO, f"The delivery {part} is {delivery.status}.")
            if delivery.status in WENT_OUT and not case.taken(part):
                text = f"The delivery {part} is {delivery.status}, and no sink has taken it."
                yield case.violation(Rule.LOST, text)
            if _is_groundless(case, delivery):
                text = f"The delivery {part} is {delivery.status}, for which there is no reason."
                yield case.violation(Rule.LOST, text)


def _is_groundless(case: Case, delivery: Delivery) -> bool:
    """Whether it ended as it had no reason to: in a run nobody opts out and nothing expires, only
    what is asked for is cancelled, and everybody has an address where at least it can be tried.
    """
    match delivery.status:
        case State.SUPPRESSED | State.EXPIRED:
            return True
        case State.CANCELLED:
            return not case.is_cancel_asked
        case State.DEAD:
            return delivery.attempts == 0
    return False
