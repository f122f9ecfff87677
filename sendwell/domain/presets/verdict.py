"""How a delivery ended, in the three words that the preset `intents` has streams for."""

from enum import StrEnum

from sendwell.domain.lifecycle import State


class Verdict(StrEnum):
    """What is said outside about a delivery that is over."""

    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"


_VERDICTS = {
    State.DELIVERED: Verdict.DELIVERED,
    State.COMPLAINED: Verdict.DELIVERED,  # it had arrived, or nobody could have complained
    State.DEAD: Verdict.FAILED,
    State.SUPPRESSED: Verdict.FAILED,
    State.CANCELLED: Verdict.FAILED,
    State.EXPIRED: Verdict.FAILED,
    State.BOUNCED: Verdict.BOUNCED,
}


def verdict_of(state: State, *, is_end: bool, can_bounce: bool) -> Verdict | None:
    """The verdict that a move brings, None while the delivery is open.

    `is_end`: no receipt is to be expected, so SENT is as far as it gets. Where nothing
    `can_bounce`, there is no stream for it, and it has failed.
    """
    if state is State.SENT and is_end:
        return Verdict.DELIVERED
    if state is State.BOUNCED and not can_bounce:
        return Verdict.FAILED
    return _VERDICTS.get(state)
