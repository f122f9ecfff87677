"""The templates role in another service."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from sendwell.adapters.peers.answers import Answers, Means
from sendwell.adapters.peers.peer import Peer
from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.template import TemplateVersion
from sendwell.ports.questions import TEMPLATE, AskTemplate

Flaws = Callable[[TemplateVersion, bytes, Collection[ChannelName]], list[Flaw]]
_FOR_GOOD = timedelta(hours=1)
_SHARED = timedelta(minutes=10)
_MOST = 1_000


class RemoteCatalogue:
    """The port Catalogue; what data lacks is found out here."""

    def __init__(self, peer: Peer, means: Means, *, flaws: Flaws) -> None:
        self._peer = peer
        self._clock = means.clock
        self.flaws = flaws
        self._newest: Answers[TemplateVersion | None] = Answers(
            "templates", "published", TemplateVersion | None, means, most=_MOST
        )
        self._versions: Answers[TemplateVersion] = Answers(
            "templates",
            "versions",
            TemplateVersion,
            means,
            lasts=_FOR_GOOD,
            shared_for=_SHARED,
            most=_MOST,
        )

    def told(self, tenant: TenantId, code: str) -> None:
        """The templates role has told that another version is published."""
        self._newest.doubt(tenant, code)

    def missed(self) -> None:
        """It may have told anything."""
        self._newest.doubt_all()

    async def version(
        self, tenant: TenantId, code: str, version: int | None
    ) -> TemplateVersion | None:
        """See the port."""

        async def newest(_: Sequence[str]) -> Mapping[str, TemplateVersion | None]:
            return {code: await self._ask(tenant, code, None)}

        async def pinned(names: Sequence[str]) -> Mapping[str, TemplateVersion]:
            found = await self._ask(tenant, code, version)
            return {} if found is None else dict.fromkeys(names, found)

        if version is None:
            return (await self._newest.of(tenant, [code], newest))[code]
        name = _named(code, version)
        return (await self._versions.of(tenant, [name], pinned)).get(name)

    async def _ask(
        self, tenant: TenantId, code: str, version: int | None
    ) -> TemplateVersion | None:
        asked_at = self._clock.elapsed()
        found = (await self._peer.ask(TEMPLATE, AskTemplate(tenant, code, version))).version
        if found is not None and version is None:
            known = {_named(code, found.version): found}
            await self._versions.learn(tenant, known, asked_at=asked_at)
        return found


def _named(code: str, version: int) -> str:
    """What a version is remembered by. No template's code has a slash."""
    return f"{code}/{version}"
