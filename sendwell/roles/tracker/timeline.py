"""From journal rows to the history that people read: one event a move, without gaps.

The happy path is one outcome row with all its times; a failed attempt is one history row with the
time it was claimed. Both are expanded here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a notification's history, in the words that readers see (CREATED, SENT, …)."""

    at: int
    event: str
    text: str
    delivery: str | None = None
    channel: str | None = None
    attempt: int | None = None
    provider: str | None = None
    reference: str | None = None
    code: str | None = None
    rule: str | None = None
    due: int | None = None


_EVENTS = {State.RETRYING: "RETRIED"}
_TEXTS = {
    State.SENT: "The provider has taken it.",
    State.DELIVERED: "It has arrived.",
    State.BOUNCED: "It could not be delivered.",
    State.COMPLAINED: "The recipient complained about it.",
    State.SCHEDULED: "It waits for its send time.",
    State.HELD: "It is held.",
    State.RETRYING: "It will be tried again.",
    State.FAILED: "The attempt failed.",
    State.DEAD: "It was given up and kept as a dead letter.",
    State.CANCELLED: "It was cancelled.",
    State.EXPIRED: "It expired.",
    State.SUPPRESSED: "A rule stopped it.",
}
_TEXTS_OF_RULES = {(State.SCHEDULED, "replay"): "It waits for its turn in the replay."}
_TOLD_BY_OUTCOME = frozenset({State.SENT, State.SUPPRESSED, State.CANCELLED, State.EXPIRED})


def timeline(
    request: Requested,
    outcomes: Sequence[Status],
    moves: Sequence[Status],
    open_work: Sequence[Status],
) -> list[Event]:
    """All events of one notification in the order of their times."""
    events = [created(request)]
    parts = {each.part: each for each in (*open_work, *outcomes)}
    events += [planned(status) for status in parts.values()]
    receipts = [status for status in moves if status.state in _RECEIPTS]
    for status in moves:
        if status.state not in _RECEIPTS:
            events += _expanded(status)
    for status in outcomes:
        events += _ended(status, has_receipt=any(each.part == status.part for each in receipts))
    events += [event(status, status.state) for status in receipts]
    for status in open_work:
        if status.state is State.PROCESSING:
            events.append(attempt(status))
    return sorted(events, key=lambda each: each.at)  # stable: equal times keep their order


_RECEIPTS = frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED})


def _ended(status: Status, *, has_receipt: bool) -> Iterator[Event]:
    """What the outcome row tells: an attempt that was taken, or an end by rule."""
    state = State.SENT if has_receipt else status.state
    if state not in _TOLD_BY_OUTCOME:
        return
    if status.claimed_at and state is State.SENT:
        yield attempt(status)
    yield event(status, state)


def _expanded(status: Status) -> Iterator[Event]:
    if status.state is State.FAILED and status.claimed_at:
        yield attempt(status)
    yield event(status, status.state)


def created(request: Requested) -> Event:
    """That the request was accepted."""
    return Event(request.accepted_at, "CREATED", "The request was accepted and stored.")


def planned(status: Status) -> Event:
    """That the delivery was planned."""
    return Event(
        status.planned_at,
        "PLANNED",
        f"A delivery by {status.channel} was planned.",
        delivery=status.part,
        channel=status.channel,
    )


def attempt(status: Status) -> Event:
    """That its attempt began."""
    return Event(
        status.claimed_at,
        "SEND_ATTEMPT",
        f"Attempt {status.attempt} by {status.provider} began.",
        delivery=status.part,
        channel=status.channel,
        attempt=status.attempt,
        provider=status.provider,
    )


def event(status: Status, state: State) -> Event:
    """That it came into this state, which may be one before its last."""
    is_end = state is status.state
    text = _TEXTS_OF_RULES.get((state, status.rule or "")) or _TEXTS.get(state, state.value)
    return Event(
        status.at,
        _EVENTS.get(state, state.value),
        (status.text if is_end else None) or text,
        delivery=status.part,
        channel=status.channel,
        attempt=status.attempt or None,
        provider=status.provider,
        reference=status.reference,
        code=status.code if is_end else None,
        rule=status.rule,
        due=status.due or None,
    )
