"""The users role in another service."""

from collections.abc import Collection, Mapping, Sequence

from sendwell.adapters.peers.answers import Answers, Means
from sendwell.adapters.peers.peer import Peer
from sendwell.domain.consent import Modes
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.suppression import Source
from sendwell.ports.directory import (
    ALL_TENANTS,
    ANYBODY,
    EVERYBODY,
    SUPPRESSIONS,
    TOPICS,
    Address,
    Changed,
    PeopleChanged,
    thing_of,
)
from sendwell.ports.questions import (
    PEOPLE,
    SUBSCRIBERS,
    SUPPRESS,
    SUPPRESSED,
    AskPeople,
    AskSubscribers,
    AskSuppressed,
    AskTopics,
    Suppress,
)
from sendwell.ports.questions import TOPICS as THEIR_TOPICS


class RemoteDirectory:
    """The ports Directory and Suppressions."""

    def __init__(self, peer: Peer, means: Means) -> None:
        self._peer = peer
        self._people: Answers[Person | None] = Answers(
            "users", "people", Person | None, means, mark=EVERYBODY
        )
        self._topics: Answers[Modes] = Answers("users", "topics", Modes, means)
        self._suppressed: Answers[str | None] = Answers(
            "users", "suppressed", str | None, means, mark=SUPPRESSIONS
        )
        self._hearers: list[PeopleChanged] = []

    def on_change(self, heard: PeopleChanged) -> None:
        """From now on `heard` is told of the changes that this is told of."""
        self._hearers.append(heard)

    def changed(self, who: Changed) -> None:
        """They are not remembered as they were, nor is whoever is just being asked for."""
        if who.tenant is None:
            self._people.doubt_all()
        else:
            self._people.doubt(who.tenant, EVERYBODY if who.user is None else who.user)
        for heard in self._hearers:
            heard(who)

    def told(self, tenant: TenantId, thing: str) -> None:
        """The users role has told this of that tenant."""
        if tenant == ALL_TENANTS:
            self._suppressed.doubt_everywhere(thing)
        elif thing == SUPPRESSIONS:
            self._suppressed.doubt(tenant, SUPPRESSIONS)
        elif thing == TOPICS:
            self._topics.doubt(tenant, TOPICS)
        else:
            self.changed(Changed(tenant, None if thing == EVERYBODY else UserId(thing)))

    def missed(self) -> None:
        """It may have told anything."""
        self._suppressed.doubt_all()
        self._topics.doubt_all()
        self.changed(ANYBODY)

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> Mapping[UserId, Person]:
        """See the port."""

        async def ask(users: Sequence[str]) -> Mapping[str, Person | None]:
            asked = AskPeople(tenant, [UserId(user) for user in users])
            people = {each.user_id: each for each in (await self._peer.ask(PEOPLE, asked)).people}
            return {user: people.get(UserId(user)) for user in users}

        known = await self._people.of(tenant, users, ask)
        return {UserId(user): person for user, person in known.items() if person is not None}

    async def suppressed(
        self, tenant: TenantId, addresses: Collection[Address]
    ) -> Mapping[Address, str]:
        """See the port."""
        meant = {thing_of(address): address for address in addresses}

        async def ask(names: Sequence[str]) -> Mapping[str, str | None]:
            asked = AskSuppressed(tenant, [meant[name] for name in names])
            answer = await self._peer.ask(SUPPRESSED, asked)
            reasons = {(channel, text): why for channel, text, why in answer.addresses}
            return {name: reasons.get(meant[name]) for name in names}

        known = await self._suppressed.of(tenant, meant, ask)
        return {meant[name]: reason for name, reason in known.items() if reason}

    async def topics_of(self, tenant: TenantId) -> Modes:
        """See the port."""

        async def ask(_: Sequence[str]) -> Mapping[str, Modes]:
            return {TOPICS: (await self._peer.ask(THEIR_TOPICS, AskTopics(tenant))).topics}

        return (await self._topics.of(tenant, [TOPICS], ask))[TOPICS]

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
        self._suppressed.doubt(tenant, thing_of((channel, address)))
