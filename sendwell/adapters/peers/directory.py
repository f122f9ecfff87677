"""The users role in another service."""

from collections.abc import Collection, Mapping, Sequence

from sendwell.adapters.peers.memory import Memory
from sendwell.adapters.peers.peer import Peer
from sendwell.domain.consent import Modes
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.suppression import Source
from sendwell.ports.clock import Clock
from sendwell.ports.directory import Address
from sendwell.ports.questions import (
    PEOPLE,
    SUBSCRIBERS,
    SUPPRESS,
    SUPPRESSED,
    TOPICS,
    AskPeople,
    AskSubscribers,
    AskSuppressed,
    AskTopics,
    Suppress,
)

_SECONDS = 4.0
"""Changes reach queued work within 5 s (SETTLED 27)."""


class RemoteDirectory:
    """The ports Directory and Suppressions."""

    def __init__(self, peer: Peer, *, clock: Clock) -> None:
        self._peer = peer
        self._people: Memory[tuple[TenantId, UserId], Person | None] = Memory(
            clock, seconds=_SECONDS
        )
        self._topics: Memory[TenantId, Modes] = Memory(clock, seconds=_SECONDS)
        self._suppressed: Memory[tuple[TenantId, Address], str | None] = Memory(
            clock, seconds=_SECONDS
        )

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> Mapping[UserId, Person]:
        """See the port."""
        known = {user: self._people.find((tenant, user)) for user in users}
        if missing := [user for user, found in known.items() if found is None]:
            answer = await self._peer.ask(PEOPLE, AskPeople(tenant, missing))
            people = {person.user_id: person for person in answer.people}
            for user in missing:
                self._people.keep((tenant, user), people.get(user))
                known[user] = (people.get(user),)
        return {user: found[0] for user, found in known.items() if found and found[0]}

    async def suppressed(
        self, tenant: TenantId, addresses: Collection[Address]
    ) -> Mapping[Address, str]:
        """See the port."""
        known = {address: self._suppressed.find((tenant, address)) for address in addresses}
        if missing := [address for address, found in known.items() if found is None]:
            answer = await self._peer.ask(SUPPRESSED, AskSuppressed(tenant, missing))
            reasons = {(channel, text): why for channel, text, why in answer.addresses}
            for address in missing:
                self._suppressed.keep((tenant, address), reasons.get(address))
                known[address] = (reasons.get(address),)
        return {address: found[0] for address, found in known.items() if found and found[0]}

    async def topics_of(self, tenant: TenantId) -> Modes:
        """See the port."""
        known = self._topics.find(tenant)
        if known is not None:
            return known[0]
        topics = (await self._peer.ask(TOPICS, AskTopics(tenant))).topics
        self._topics.keep(tenant, topics)
        return topics

    async def subscribers(self, tenant: TenantId, topic: str, *, most: int) -> Sequence[UserId]:
        """See the port."""
        return (await self._peer.ask(SUBSCRIBERS, AskSubscribers(tenant, topic, most))).users

    async def suppress(
        self,
        tenant: TenantId,
        channel: ChannelName,
        *,
        address: str,
        reason: str,
        at: int,
        source: Source = Source.GONE,
    ) -> None:
        """See the port."""
        await self._peer.ask(SUPPRESS, Suppress(tenant, channel, address, reason, at, source))
        self._suppressed.forget((tenant, (channel, address)))
