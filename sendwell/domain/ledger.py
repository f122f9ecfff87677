"""The ledger: everything that was accepted is somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendwell.domain.lifecycle import OPEN, State

_COLUMNS = {
    State.SENT: "sent",
    State.DELIVERED: "delivered",
    State.COMPLAINED: "delivered",
    State.DEAD: "failed",
    State.BOUNCED: "failed",
    State.SUPPRESSED: "suppressed",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """A tenant's deliveries: `accepted` was counted when they were planned, the rest from rows."""

    accepted: int
    pending: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    suppressed: int = 0
    cancelled: int = 0
    expired: int = 0

    @property
    def difference(self) -> int:
        """What is missing (positive) or too much; 0 when it adds up."""
        found = (
            self.pending + self.sent + self.delivered + self.failed
            + self.suppressed + self.cancelled + self.expired
        )  # fmt: skip
        return self.accepted - found


def balance(planned: int, work: Mapping[State, int], ended: Mapping[State, int]) -> Ledger:
    """The ledger from the count of planned deliveries, the open ones and the ended ones."""
    columns = dict.fromkeys(_COLUMNS.values(), 0)
    for state, count in ended.items():
        columns[_COLUMNS[state]] += count
    return Ledger(
        accepted=planned,
        pending=sum(count for state, count in work.items() if state in OPEN),
        **columns,
    )
