"""Knows people: where to reach them and what they chose."""

from collections.abc import Collection, Mapping, Sequence

from sendwell.domain.consent import Modes
from sendwell.domain.errors import NotFound
from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.suppression import Source
from sendwell.ports.audit import Audit
from sendwell.ports.clock import Clock
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
from sendwell.roles.users.cache import PeopleCache
from sendwell.roles.users.service.changes import Changes
from sendwell.roles.users.service.consents import Consents
from sendwell.roles.users.service.contacts import Contacts
from sendwell.roles.users.service.preferences import PersonalPreferences, no_such
from sendwell.roles.users.service.suppressions import Notice, Suppressions
from sendwell.roles.users.service.topics import Topics
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.consents import BY_API, Occasion
from sendwell.roles.users.store.people import PersonRecord, Profile, Put
from sendwell.roles.users.store.tokens import TokenRecord
from sendwell.runtime.cluster.news import News
from sendwell.runtime.deeds import Deeds

_PUSH = ChannelName("push")
_FEW = 100
"""People of an import who are named when others are told of it."""
_MOST_AT_ONCE = 1_000
"""People in one statement: SQLite takes 32,766 parameters."""


class Users:
    """Implements the port Directory, and what the role's API asks.

    Whoever is asked for an unknown person raises NotFound. What was stored here is seen by the
    next call, whatever the caches hold; other processes are told of it by `news`. What is done `by`
    somebody is on the audit log, in the transaction of the change: that must be in the same
    database as the people, or be an outbox there.
    """

    def __init__(
        self,
        store: UserStore,
        *,
        clock: Clock,
        cache: PeopleCache | None = None,
        suppressions: Suppressions | None = None,
        news: News | None = None,
        deeds: Deeds | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._cache = cache or PeopleCache()
        self._suppressions = suppressions or Suppressions(store.suppressions, clock=clock)
        self._news = news or News("users")
        self._audit = audit
        self.changes = Changes()
        self.topics = Topics(store.topics, clock=clock, changed=self._say_topics, deeds=deeds)
        self.contacts = Contacts(store.contacts, store.people, clock=clock, author=self.author)
        self.preferences = PersonalPreferences(
            store, clock=clock, changed=self.gone, author=self.author
        )
        self.consents = Consents(store.consents, self.preferences, clock=clock)
        self._news.listen(self._changed_elsewhere, self._missed)

    def on_change(self, heard: PeopleChanged) -> None:
        """From now on `heard` is told of every change, also of those in other processes."""
        self.changes.on_change(heard)

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> Mapping[UserId, Person]:
        """From memory, or read by one statement for a thousand; who is not there is known too."""
        found, unknown = self._cache.look_up(tenant, users, now=self._clock.elapsed())
        for start in range(0, len(unknown), _MOST_AT_ONCE):
            found.update(await self._read(tenant, unknown[start : start + _MOST_AT_ONCE]))
        return found

    async def suppressed(
        self, tenant: TenantId, addresses: Collection[Address]
    ) -> Mapping[Address, str]:
        """From memory, unless a tenant has very many; next to nothing where it has none."""
        return await self._suppressions.among(tenant, addresses)

    async def topics_of(self, tenant: TenantId) -> Modes:
        """From memory; a tenant has few."""
        return await self.topics.modes(tenant)

    async def subscribers(self, tenant: TenantId, topic: str, *, most: int) -> Sequence[UserId]:
        """See the port."""
        return await self.topics.first_subscribers(tenant, topic, most=most)

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
        """Nothing goes to that address any more, for that reason, known since `at` (microseconds).

        A push token is taken from its person as well. Idempotent; of two the later one counts,
        and nothing where the address was cleared, or its app was seen, after `at`.
        """
        await self.notice(tenant, [Notice(tenant, channel, address, reason, at, source)])

    async def unsuppress(self, tenant: TenantId, channel: ChannelName, *, address: str) -> None:
        """The address may be sent to again. Idempotent; push tokens that were taken stay away."""
        await self.notice(tenant, [Notice(tenant, channel, address, None, self._clock.now())])

    async def notice(self, tenant: TenantId, notices: Sequence[Notice]) -> None:
        """Suppress and lift up to a thousand addresses of the tenant, all or none of them."""
        losers = await self._suppressions.change(notices)
        if tenant == ALL_TENANTS:
            which = {thing_of((each.channel, each.address)) for each in notices}
            await self._news.tell(tenant, SUPPRESSIONS, *which)
        else:
            await self._say(tenant, SUPPRESSIONS, *losers)

    async def person(self, tenant: TenantId, user: UserId) -> PersonRecord:
        """Everything stored about a person."""
        found = await self._store.people.person(tenant, user)
        if found is None:
            raise no_such(user)
        return found

    async def put(
        self,
        tenant: TenantId,
        user: UserId,
        profile: Profile,
        *,
        is_revival: bool = False,
        by: str | None = None,
    ) -> bool:
        """Store a person's profile in place of any before; True for a new person.

        Preferences and push tokens stay as they are; an address that is another one than before
        is no longer verified. Raises Conflict (person_erased) for somebody who was erased, unless
        this is what brings them back.
        """
        now = self._clock.now()
        is_new = await self._store.people.put(
            tenant,
            user,
            profile=profile,
            now=now,
            is_revival=is_revival,
            author=self.author(by, now),
        )
        await self._say(tenant, user)
        return is_new

    async def put_many(
        self, tenant: TenantId, puts: Sequence[Put], *, occasion: Occasion = BY_API
    ) -> Sequence[bool]:
        """Store up to a thousand people at once, all or nobody; for each whether they are new.

        Preferences are replaced where they are given. Raises as `put` does.
        """
        are_new = await self._store.people.put_many(
            tenant, puts, now=self._clock.now(), occasion=occasion
        )
        await self._say(tenant, *(put.user for put in puts))
        return are_new

    async def imported(self, tenant: TenantId, users: Collection[UserId]) -> None:
        """These were stored by an import: nobody remembers them as they were.

        Of many, others are told once for all of them.
        """
        if len(users) <= _FEW:
            await self._say(tenant, *users)
            return
        for user in users:
            self._cache.forget(tenant, user)
        self.changes.note(Changed(tenant))
        await self._news.tell(tenant, EVERYBODY)

    async def delete(self, tenant: TenantId, user: UserId, *, by: str | None = None) -> None:
        """Take away a person with preferences and push tokens."""
        author = self.author(by, self._clock.now())
        is_gone = await self._store.people.delete(tenant, user, author=author)
        await self._say(tenant, user)
        if not is_gone:
            raise no_such(user)

    async def gone(self, tenant: TenantId, user: UserId) -> None:
        """The person was changed or erased: nobody remembers them as they were."""
        await self._say(tenant, user)

    async def add_token(
        self,
        tenant: TenantId,
        user: UserId,
        *,
        token: str,
        platform: str | None,
        by: str | None = None,
    ) -> tuple[TokenRecord, bool]:
        """The push token is that person's and nobody else's; True where it was not before.

        Idempotent by token. A suppression of the token is lifted.
        """
        now = self._clock.now()
        registered = await self._store.tokens.register(
            tenant, user, token=token, platform=platform, now=now, author=self.author(by, now)
        )
        if registered is None:
            raise no_such(user)
        if registered.is_new:
            self._suppressions.note(tenant, {fingerprint(tenant, _PUSH, token): None})
        owners = {user, registered.former or user}
        await self._say(tenant, *owners, *([SUPPRESSIONS] if registered.is_new else ()))
        return TokenRecord(registered.number, token, platform, now), registered.is_new

    async def remove_token(
        self, tenant: TenantId, user: UserId, number: int, *, by: str | None = None
    ) -> None:
        """Take a push token away; raises NotFound where there is none of that number."""
        author = self.author(by, self._clock.now())
        is_gone = await self._store.tokens.remove(tenant, user, number, author=author)
        await self._say(tenant, user)
        if not is_gone:
            raise NotFound(f"There is no push token {number} of a person {user}.")

    def author(self, by: str | None, now: int) -> Author | None:
        """Who stands on the audit log for a change at that time; None: the product itself."""
        return None if by is None or self._audit is None else Author(by, now, self._audit)

    async def _read(self, tenant: TenantId, users: list[UserId]) -> Mapping[UserId, Person]:
        now = self._clock.elapsed()
        with self._cache.reading(tenant, users, now=now) as found:
            found.update(await self._store.people.people(tenant, users))
            if missing := [user for user in users if user not in found]:
                for user in await self._store.tombstones.erased_among(tenant, missing):
                    found[user] = Person(user, is_erased=True)
            return found

    async def _say(self, tenant: TenantId, *changed: str) -> None:
        """These have changed here: nobody remembers them any more."""
        for each in changed:
            if each != SUPPRESSIONS:
                self._forget(tenant, UserId(each))
        await self._news.tell(tenant, *changed)

    async def _say_topics(self, tenant: TenantId) -> None:
        self.topics.doubt(tenant)
        await self._news.tell(tenant, TOPICS)

    def _changed_elsewhere(self, tenant: TenantId, changed: str) -> None:
        if changed == SUPPRESSIONS:
            self._suppressions.doubt(tenant)
        elif tenant == ALL_TENANTS:
            pass  # an address on that list, for those who have no list
        elif changed == TOPICS:
            self.topics.doubt(tenant)
        elif changed == EVERYBODY:
            self._cache.forget_tenant(tenant)
            self.changes.note(Changed(tenant))
        else:
            self._forget(tenant, UserId(changed))

    def _missed(self) -> None:
        self._cache.forget_all()
        self._suppressions.doubt_all()
        self.topics.doubt_all()
        self.changes.note(ANYBODY)

    def _forget(self, tenant: TenantId, user: UserId) -> None:
        self._cache.forget(tenant, user)
        self.changes.note(Changed(tenant, user))
