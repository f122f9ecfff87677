"""Heeds what people write back: stop, or go on."""

from collections.abc import Collection, Sequence

from sendwell.domain.consent import Fact
from sendwell.domain.errors import NotFound
from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import TenantId
from sendwell.domain.stop_words import Meaning
from sendwell.domain.suppression import Source, ends_by_start
from sendwell.ports.clock import Clock
from sendwell.ports.listener import Reply
from sendwell.ports.tenants import PERSON
from sendwell.roles.users.service.suppressions import EVERYBODY, Notice
from sendwell.roles.users.service.users import Users
from sendwell.roles.users.store.consents import Occasion
from sendwell.roles.users.store.holders import Holder, HolderStore
from sendwell.roles.users.store.suppressions import SuppressionStore

REASON = "stop_word"


class StopWords:
    """Implements the port Listener.

    What was written to a sender of the platform holds for all tenants, who share it: on a list that
    none of them sees, and on the lists of those whose people have that address.
    """

    def __init__(
        self, holders: HolderStore, suppressions: SuppressionStore, users: Users, *, clock: Clock
    ) -> None:
        self._holders = holders
        self._suppressions = suppressions
        self._users = users
        self._clock = clock

    async def hear(self, reply: Reply) -> Sequence[TenantId]:
        """As promised by the port."""
        holders = await self._holders.of(reply.channel, reply.address, tenant=reply.tenant)
        tenants = sorted({holder.tenant for holder in holders})
        lists = {*tenants, EVERYBODY if reply.tenant is None else reply.tenant}
        match reply.meaning:
            case Meaning.REVOKE:
                await self._revoke(reply, lists)
                await self._agree(reply, holders, is_given=False)
            case Meaning.RESUME:
                resumed = await self._resume(reply, lists)
                mine = [each for each in holders if each.tenant in resumed]
                await self._agree(reply, mine, is_given=True)
            case _:
                pass
        return tenants

    async def _revoke(self, reply: Reply, lists: Collection[TenantId]) -> None:
        for tenant in sorted(lists):
            notice = Notice(
                tenant, reply.channel, reply.address, REASON, reply.at, Source.STOP_WORD
            )
            await self._users.notice(tenant, [notice])

    async def _resume(self, reply: Reply, lists: Collection[TenantId]) -> set[TenantId]:
        """The tenants from whom the person had stopped messages by a word, and gets them again.

        A `yes` to another question resumes nothing: only who has stopped can go on.
        """
        known = {tenant: await self._source(tenant, reply) for tenant in lists}
        if (Source.STOP_WORD,) not in known.values():
            return set()
        for tenant, source in sorted(known.items()):
            if source is not None and ends_by_start(source[0]):
                await self._users.unsuppress(tenant, reply.channel, address=reply.address)
        return {tenant for tenant, source in known.items() if source == (Source.STOP_WORD,)}

    async def _source(self, tenant: TenantId, reply: Reply) -> tuple[Source | None] | None:
        here = fingerprint(tenant, reply.channel, reply.address)
        return await self._suppressions.source_of(tenant, here)

    async def _agree(self, reply: Reply, holders: Sequence[Holder], *, is_given: bool) -> None:
        fact = Fact(is_given, channel=reply.channel)
        at = min(reply.at, self._clock.now())
        for tenant, user in holders:
            occasion = Occasion(REASON, f"person:{user}", evidence=reply.evidence)
            try:
                await self._users.consents.record(
                    tenant, user, fact, occasion=occasion, at=at, by=PERSON
                )
            except NotFound:
                continue  # deleted in this moment
