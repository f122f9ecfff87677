"""The null provider: says yes and does nothing, to measure everything else. `ROUTE_EMAIL=null`."""

from sendwell.domain.outcome import Accepted, Outcome
from sendwell.messages.outgoing import Outgoing


class Null:
    """Takes every message of any channel and forgets it."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Accepted, at once."""
        return Accepted(outgoing.key)
