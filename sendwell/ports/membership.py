"""Which of the processes that share a database this one is, and whether it still is that one."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from sendwell.domain.ids import Node

TakeOver = Callable[[Node], Awaitable[int]]
"""Does the work that the process with that number has left behind; returns how much it was, once
all of it is ours."""


class Membership(Protocol):
    """A lease on a number. What is written under it cannot be written once somebody else has it.

    Guarantees: no two living processes have the same number; `epoch` is greater than that of
    whoever had it before, a fencing token.
    """

    node: Node
    epoch: int
    members: int
    """How many processes share the database, as of the last look."""

    def holds(self) -> bool:
        """Whether the lease is certainly ours at this moment, as far as a clock can tell."""
        ...

    async def keep(self, take_over: TakeOver) -> None:
        """Renew the lease, and take over from processes that have died, until cancelled."""
        ...

    async def leave(self) -> None:
        """Give the number back; what is left under it is for the others. Idempotent."""
        ...
