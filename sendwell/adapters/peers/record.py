"""The audit log, which the accounts role in another service keeps."""

from collections.abc import Sequence

from sendwell.adapters.peers.peer import Peer
from sendwell.ports.audit import Entrusted
from sendwell.ports.questions import RECORD, AskRecord


class RemoteRecord:
    """The port Record."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def take(self, deeds: Sequence[Entrusted]) -> None:
        """See the port."""
        await self._peer.ask(RECORD, AskRecord(list(deeds)))
