"""The inbox or the mailbox in another service."""

from sendwell.adapters.peers.peer import Peer
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.questions import Kept, Put, Question


class RemoteShelf:
    """The port Shelf."""

    def __init__(self, peer: Peer, question: Question[Put, Kept]) -> None:
        self._peer = peer
        self._question = question

    async def put(self, outgoing: Outgoing) -> str:
        """See the port."""
        return (await self._peer.ask(self._question, Put(outgoing))).id
