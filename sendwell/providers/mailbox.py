"""The dev mailbox, the default of every channel without credentials: nothing leaves the house."""

from sendwell.domain.errors import Unavailable
from sendwell.domain.outcome import Accepted, Deferred, Fault, Outcome
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.shelf import Shelf


class Mailbox:
    """Puts what would have been sent where a developer can look at it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. The same key is kept once, so sending again is harmless."""
        try:
            return Accepted(await self._shelf.put(outgoing))
        except Unavailable as error:
            return Deferred(Fault(error.code, error.message), error.retry_after)
