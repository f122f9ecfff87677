"""The delivery role in another service."""

from sendwell.adapters.peers.peer import Peer
from sendwell.messages.requested import Requested
from sendwell.ports.questions import CANCEL, Cancel


class RemoteDelivery:
    """What the API asks of it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def cancel(self, request: Requested) -> list[str]:
        """Stop what has not gone out yet; gives the parts that were stopped."""
        return (await self._peer.ask(CANCEL, Cancel(request.tenant, request.position))).parts
