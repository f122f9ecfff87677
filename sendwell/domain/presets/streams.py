"""The streams of ours that a preset gives physical names to, and who is at their ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LogicalStream(StrEnum):
    """What travels between processes, whatever it is called on the broker."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    TASK = "task"
    RETRY = "retry"
    STATUS = "status"
    HISTORY = "history"
    DEAD = "dead"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Ends:
    """Who writes a stream and who reads it: our roles, or people and programs outside."""

    writes: tuple[str, ...]
    reads: tuple[str, ...]
    carries: str


PRODUCERS = "producers"
ANYBODY = "anybody"
PLATFORM = "platform"
"""Whoever runs Sendwell."""
OUTSIDE = frozenset({PRODUCERS, ANYBODY, PLATFORM})
"""Ends that are no role of ours."""

_KEEP_COPIES = ("gateway", "orchestrator", "delivery", "receipts", "tracker", "inbox")
"""All roles that hear what the others have put on record; what they cannot read they put aside."""

ENDS: Mapping[LogicalStream, Ends] = {
    LogicalStream.REQUESTED: Ends(
        (PRODUCERS,), ("gateway",), "Somebody asks to tell somebody something."
    ),
    LogicalStream.ACCEPTED: Ends(
        ("gateway",), ("orchestrator",), "Accepted: checked, stored, and given a lane."
    ),
    LogicalStream.TASK: Ends(("orchestrator",), ("delivery",), "One delivery to be made."),
    LogicalStream.RETRY: Ends(("delivery",), ("delivery",), "One delivery to be tried again."),
    LogicalStream.STATUS: Ends(
        ("orchestrator", "delivery", "receipts"), (ANYBODY,), "What became of a delivery."
    ),
    LogicalStream.HISTORY: Ends(
        ("gateway", "orchestrator", "delivery", "receipts"),
        _KEEP_COPIES,
        "What was accepted, and every move of every delivery, for who has a database of its own.",
    ),
    LogicalStream.DEAD: Ends(
        ("delivery",), (PLATFORM,), "A delivery that ended in failure, kept for triage."
    ),
    LogicalStream.QUARANTINE: Ends(
        _KEEP_COPIES,
        (PLATFORM,),
        "What could not be read, byte for byte.",
    ),
}
"""Every stream, in the order of the flow."""
