"""Where messages are put that stay in the house: the dev mailbox and the in-app inbox."""

from typing import Protocol

from sendwell.messages.outgoing import Outgoing


class Shelf(Protocol):
    """Keeps messages for somebody to look at."""

    async def put(self, outgoing: Outgoing) -> str:
        """Store it durably and give its id; the same `outgoing.key` is stored once."""
        ...
