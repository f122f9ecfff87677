"""The states of a delivery and the one table of moves between them.

The table is the rule: nothing else in the product decides whether a move is possible, and a
terminal state is left only towards what a late receipt says.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import Part


class State(StrEnum):
    """Where a delivery is."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    HELD = "HELD"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    RETRYING = "RETRYING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"
    SUPPRESSED = "SUPPRESSED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    BOUNCED = "BOUNCED"
    COMPLAINED = "COMPLAINED"

    __hash__ = str.__hash__  # an enumeration's own is written in Python, and every move asks for it


_S = State
_STOPPED = frozenset({_S.SUPPRESSED, _S.CANCELLED, _S.EXPIRED, _S.FAILED})
_GOES_ON = frozenset({_S.PROCESSING, _S.HELD}) | _STOPPED

MOVES: dict[State, frozenset[State]] = {
    _S.PENDING: frozenset({_S.SCHEDULED}) | _GOES_ON,
    _S.SCHEDULED: _GOES_ON,
    _S.HELD: _GOES_ON,
    _S.RETRYING: _GOES_ON,
    _S.PROCESSING: frozenset({_S.SENT, _S.FAILED}),
    _S.FAILED: frozenset({_S.RETRYING, _S.DEAD}),
    _S.SENT: frozenset({_S.DELIVERED, _S.BOUNCED, _S.COMPLAINED}),
    _S.DELIVERED: frozenset({_S.BOUNCED, _S.COMPLAINED}),
    _S.DEAD: frozenset(),
    _S.SUPPRESSED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.BOUNCED: frozenset(),
    _S.COMPLAINED: frozenset(),
}

WAITING = frozenset({_S.PENDING, _S.SCHEDULED, _S.HELD, _S.RETRYING})
"""Open and not in anybody's hands: what may be claimed, cancelled or looked at again."""

OPEN = WAITING | {_S.PROCESSING, _S.FAILED}
FINAL = frozenset(State) - OPEN
_SUCCESSES = frozenset({_S.SENT, _S.DELIVERED})


def may(now: State, then: State) -> bool:
    """Whether the table lists the move."""
    return then in MOVES[now]


def move(now: State, then: State) -> State:
    """`then`, if the table lists the move; raises Conflict otherwise."""
    if not may(now, then):
        raise Conflict(f"A delivery cannot go from {now} to {then}.")
    return then


_MOST_TELLING = (
    _S.PROCESSING, _S.RETRYING, _S.FAILED, _S.PENDING, _S.HELD, _S.SCHEDULED,
    _S.DEAD, _S.BOUNCED, _S.COMPLAINED, _S.DELIVERED, _S.SENT,
    _S.SUPPRESSED, _S.EXPIRED, _S.CANCELLED,
)  # fmt: skip


def derive(deliveries: Iterable[tuple[Part, State]], *, falls_back: bool = False) -> State:
    """A notification's status: open work before failures, successes, and what was stopped.

    A notification that has no delivery yet is PENDING. One success is enough for a delivery and
    its replays, and where channels are tried in turn (`falls_back`) for all deliveries to one
    recipient: it makes the failures beside it unimportant.
    """
    together: defaultdict[object, set[State]] = defaultdict(set)
    for part, state in deliveries:
        together[part.recipient if falls_back else part._replace(replay=0)].add(state)
    present = {state for states in together.values() for state in _important(states)}
    return next((state for state in _MOST_TELLING if state in present), _S.PENDING)


def _important(states: set[State]) -> set[State]:
    if states & OPEN:
        return states
    return states & _SUCCESSES or states
