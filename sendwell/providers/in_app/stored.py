"""In-app messages in our own inbox: stored, and shown live by the inbox role."""

from sendwell.domain.errors import Unavailable
from sendwell.domain.outcome import Accepted, Deferred, Fault, Outcome
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.shelf import Shelf


class Stored:
    """Puts messages into the inbox; once they are there they have arrived."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. The same key is stored once, so sending again is harmless."""
        try:
            return Accepted(await self._shelf.put(outgoing), is_delivered=True)
        except Unavailable as error:
            return Deferred(Fault(error.code, error.message), error.retry_after)
