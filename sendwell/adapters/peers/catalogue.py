"""The templates role in another service."""

from collections.abc import Callable, Collection

from sendwell.adapters.peers.memory import Memory
from sendwell.adapters.peers.peer import Peer
from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.template import TemplateVersion
from sendwell.ports.clock import Clock
from sendwell.ports.questions import TEMPLATE, AskTemplate

Flaws = Callable[[TemplateVersion, bytes, Collection[ChannelName]], list[Flaw]]
_NEWEST_SECONDS = 5.0
_FOR_GOOD_SECONDS = 3_600.0
_MOST = 1_000


class RemoteCatalogue:
    """The port Catalogue; what data lacks is found out here."""

    def __init__(self, peer: Peer, *, clock: Clock, flaws: Flaws) -> None:
        self._peer = peer
        self.flaws = flaws
        self._newest: Memory[tuple[TenantId, str], TemplateVersion | None] = Memory(
            clock, seconds=_NEWEST_SECONDS, most=_MOST
        )
        self._versions: Memory[tuple[TenantId, str, int], TemplateVersion] = Memory(
            clock, seconds=_FOR_GOOD_SECONDS, most=_MOST
        )

    async def version(
        self, tenant: TenantId, code: str, version: int | None
    ) -> TemplateVersion | None:
        """See the port."""
        known = (
            self._newest.find((tenant, code))
            if version is None
            else self._versions.find((tenant, code, version))
        )
        if known is not None:
            return known[0]
        found = (await self._peer.ask(TEMPLATE, AskTemplate(tenant, code, version))).version
        if found is not None:
            self._versions.keep((tenant, code, found.version), found)
        if version is None:
            self._newest.keep((tenant, code), found)
        return found
