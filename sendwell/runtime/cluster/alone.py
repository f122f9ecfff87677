"""One process that has its database for itself."""

import asyncio

from sendwell.domain.ids import Node
from sendwell.ports.database import Unit
from sendwell.ports.membership import TakeOver
from sendwell.ports.signals import Heard


class Alone:
    """The membership of an embedded database: there is nobody else."""

    node = Node(0)
    members = 1

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def holds(self) -> bool:
        """Always."""
        return True

    async def keep(self, take_over: TakeOver) -> None:
        """Nobody dies but us."""
        del take_over
        await asyncio.Event().wait()

    async def leave(self) -> None:
        """Nobody takes over."""


class Silence:
    """The signals of an embedded database: who changes something tells its own caches itself."""

    def told(self, topic: str, words: object) -> Unit:
        """Nothing to write."""
        del topic, words
        return ()

    async def tell(self, topic: str, words: object) -> None:
        """Nobody to tell."""

    def listen(self, topic: str, heard: Heard) -> None:
        """Nothing will be heard."""
