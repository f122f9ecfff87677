"""Names of things. A delivery's name is derived, so that the same work always has the same name."""

from typing import NamedTuple, NewType, Self

TenantId = NewType("TenantId", str)
NotificationId = NewType("NotificationId", str)
UserId = NewType("UserId", str)
ChannelName = NewType("ChannelName", str)
ProviderName = NewType("ProviderName", str)
NO_CHANNEL = ChannelName("none")
"""Of a request that could not be planned, unless it was to be one delivery. Nothing follows."""

Position = NewType("Position", int)
"""A row's place in the journal: a 63-bit integer that grows with time and is unique in a database.

The upper 42 bits are milliseconds since 1970, the next 11 count within one, and the last 10 are
the number of the process that gave it (its node); so it is the primary key, the order, the page
cursor, the partition key and the owner at once."""

NOWHERE = Position(0)
"""Of what has no place yet; all others are behind it."""

Node = NewType("Node", int)
"""The number of a process among those that share a database."""

COUNTER_BITS = 21
"""Everything below the milliseconds."""

NODES = 1 << 10
"""How many processes can share a database."""


def next_position(last: int, milliseconds: int, node: int) -> Position:
    """The next position of a node behind its `last` one, even when the clock has gone back."""
    earliest = milliseconds << COUNTER_BITS
    behind = (last // NODES + 1) * NODES
    return Position(max(earliest, behind) + node)


class Part(NamedTuple):
    """Which delivery of a notification: recipient, channel, and `target` (a push token's number).

    Derived from the plan, never drawn: planning twice names the same deliveries, and so a second
    send can be seen. A replay is a delivery of its own (`replay` counts from 1).
    """

    recipient: int
    channel: ChannelName
    target: int = 0
    replay: int = 0

    def __str__(self) -> str:
        target = f".{self.target}" if self.target else ""
        replay = f".r{self.replay}" if self.replay else ""
        return f"{self.recipient}.{self.channel}{target}{replay}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The part that `str` wrote. Raises ValueError for anything else."""
        recipient, channel, *rest = text.split(".")
        replay = int(rest.pop()[1:]) if rest and rest[-1].startswith("r") else 0
        target = int(rest.pop()) if rest else 0
        part = cls(int(recipient), ChannelName(channel), target, replay)
        if rest or str(part) != text:
            raise ValueError(f"not a delivery's part: {text!r}")
        return part
