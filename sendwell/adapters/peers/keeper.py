"""Everything that another service keeps of people."""

from sendwell.adapters.peers.peer import Peer
from sendwell.ports.keepers import Erased, Told, Whom
from sendwell.ports.questions import ERASE, TELL, AskOf


class RemoteKeeper:
    """The port Keeper, over all keepers of that service."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        return await self._peer.ask(TELL, AskOf(whom, after))

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """See the port."""
        return await self._peer.ask(ERASE, AskOf(whom, after))
