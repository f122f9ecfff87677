"""The dev mailbox, the default of every channel without credentials: nothing leaves the house."""

from sendwell.domain.errors import Unavailable
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused
from sendwell.domain.simulation import Simulated, simulated
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.shelf import Shelf


class Mailbox:
    """Puts what would have been sent where a developer can look at it.

    Understands simulated addresses (`domain.simulation`): what is to fail is not kept.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. The same key is kept once, so sending again is harmless."""
        wanted = simulated(outgoing.address)
        match wanted:
            case Simulated.TEMPORARY:
                return Deferred(Fault("simulated_temporary", _TEMPORARY, Blame.ADDRESS))
            case Simulated.PERMANENT:  # not the address's fault: it would be suppressed from now on
                return Refused(Fault("simulated_permanent", _PERMANENT, Blame.CONTENT))
        try:
            reference = await self._shelf.put(outgoing)
        except Unavailable as error:
            return Deferred(Fault(error.code, error.message), error.retry_after)
        return Accepted(reference, is_delivered=wanted is Simulated.DELIVERED)


_TEMPORARY = "The address stands for one that cannot be reached for now."
_PERMANENT = "The address stands for one that is never reached."
