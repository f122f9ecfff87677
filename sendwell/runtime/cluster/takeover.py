"""What becomes of the work of a process that has died: another one does it."""

from typing import Protocol

from sendwell.domain.ids import Node


class Adopts(Protocol):
    """A role that can go on with what its twin in another process has left behind."""

    async def adopt(self, node: Node) -> int:
        """What that process has left is ours, on disk and in memory; gives how much it was."""
        ...


class TakeOver:
    """Lets every role adopt its part, one after the other."""

    def __init__(self, *roles: Adopts) -> None:
        self._roles = roles

    async def __call__(self, node: Node) -> int:
        """When this returns nothing is left under that number. May be repeated."""
        return sum([await role.adopt(node) for role in self._roles])
