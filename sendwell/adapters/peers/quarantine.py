"""The quarantine of another service."""

from sendwell.adapters.peers.peer import Peer
from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId
from sendwell.ports.quarantine import KeptInFull, Narrowed, Shelf
from sendwell.ports.questions import QUARANTINE, QUARANTINED, AskQuarantine, AskQuarantined


class RemoteQuarantine:
    """See the port."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, before: int | None, limit: int
    ) -> Shelf:
        return await self._peer.ask(QUARANTINE, AskQuarantine(tenant, narrowed, before, limit))

    async def find(self, tenant: TenantId, number: int) -> KeptInFull:
        answer = await self._peer.ask(QUARANTINED, AskQuarantined(tenant, number))
        if answer.found is None:
            raise NotFound(f"There is no message {number} in that quarantine.")
        return answer.found
