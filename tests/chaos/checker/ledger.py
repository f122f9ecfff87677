"""The ledger tells of every delivery what its own record does, in the column where it belongs."""

from collections import Counter
from collections.abc import Iterator, Mapping

from sendwell.domain.lifecycle import State
from tests.chaos.checker.case import Rule, Violation
from tests.chaos.evidence import Evidence

# Said here once more: where the product counts what is judged, too.
_COLUMNS: Mapping[str, str] = {
    State.SENT: "sent",
    State.DELIVERED: "delivered",
    State.COMPLAINED: "delivered",
    State.DEAD: "failed",
    State.BOUNCED: "failed",
    State.SUPPRESSED: "suppressed",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
}
_OPEN = "pending"


def wrong_columns(evidence: Evidence) -> Iterator[Violation]:
    """Figures that are not those of the deliveries on record."""
    counts = Counter(
        _COLUMNS.get(delivery.status, _OPEN)
        for known in evidence.known
        for delivery in known.deliveries.values()
    )
    columns = {name: counts[name] for name in (_OPEN, *_COLUMNS.values())}
    for name, expected in {"accepted": counts.total(), "difference": 0, **columns}.items():
        if (found := evidence.ledger.get(name)) != expected:
            yield Violation(Rule.LEDGER, f"The ledger's {name} is {found}, not {expected}.")
