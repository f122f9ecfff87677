"""What one receipt means for its delivery, by the lifecycle table, and for the address."""

from sendwell.domain.lifecycle import OPEN, State, may
from sendwell.domain.suppression import Source, reason_of
from sendwell.messages.receipt import Receipt, Said

_STATES = {
    Said.DELIVERED: State.DELIVERED,
    Said.BOUNCED: State.BOUNCED,
    Said.FAILED: State.BOUNCED,  # it was taken, and then given up: it has come back like a bounce
    Said.COMPLAINED: State.COMPLAINED,
}
"""What is not here (deferred, opened, clicked, unsubscribed) is no move, only on record."""

_ORDER = {said: place for place, said in enumerate(Said)}


def sort_key(receipt: Receipt) -> tuple[int, int]:
    """Receipts in the order things happened; within one second, arrival before its troubles."""
    return receipt.at, _ORDER[receipt.said]


def comes_early(receipt: Receipt, now: State) -> bool:
    """Whether it tells of the end of a send that is not on record yet as having gone out."""
    return receipt.said in _STATES and now in OPEN


def move(receipt: Receipt, now: State) -> State | None:
    """Where it moves the delivery; None when it says nothing new, or the table forbids it."""
    then = _STATES.get(receipt.said)
    return then if then is not None and may(now, then) else None


def suppression(receipt: Receipt) -> tuple[str, Source] | None:
    """Why the address must not be sent to again, if so. A soft bounce is no reason."""
    source = _source(receipt)
    return None if source is None else (reason_of(source), source)


def _source(receipt: Receipt) -> Source | None:
    match receipt.said:
        case Said.COMPLAINED:
            return Source.COMPLAINT
        case Said.UNSUBSCRIBED:
            return Source.UNSUBSCRIBE
        case _:
            return (receipt.said_by or Source.BOUNCE) if receipt.is_address_gone else None
