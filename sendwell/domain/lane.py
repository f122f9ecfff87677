"""The four lanes of priority."""

from enum import IntEnum


class Lane(IntEnum):
    """Which queue a delivery waits in; a smaller number is served sooner."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3

    @property
    def label(self) -> str:
        """The word used on the wire."""
        return self.name.lower()


LANES = {lane.label: lane for lane in Lane}
