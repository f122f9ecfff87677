"""The users role in another service, as it hears what people write back."""

from collections.abc import Sequence

from sendwell.adapters.peers.peer import Peer
from sendwell.domain.ids import TenantId
from sendwell.ports.listener import Reply
from sendwell.ports.questions import HEAR


class RemoteListener:
    """The port Listener."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def hear(self, reply: Reply) -> Sequence[TenantId]:
        """See the port."""
        return (await self._peer.ask(HEAR, reply)).tenants
