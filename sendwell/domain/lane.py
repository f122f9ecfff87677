"""The four lanes of priority."""

from enum import IntEnum


class Lane(IntEnum):
    """Which queue a delivery waits in; a smaller number is served sooner."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3

    __hash__ = int.__hash__  # an enumeration's own is written in Python

    @property
    def is_urgent(self) -> bool:
        """Whether it goes ahead of the batches that the other lanes are handled in."""
        return self <= Lane.HIGH

    @property
    def label(self) -> str:
        """The word used on the wire."""
        return _LABELS[self]


_LABELS = {lane: lane.name.lower() for lane in Lane}
LANES = {label: lane for lane, label in _LABELS.items()}
BY_NUMBER = tuple(Lane)
"""The lane of a number, for a tenth of what the enumeration takes."""
