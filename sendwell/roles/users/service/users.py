"""Knows people: where to reach them and what they chose."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from sendwell.domain.consent import parse_preferences
from sendwell.domain.errors import Conflict, NotFound
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.ports.clock import Clock
from sendwell.ports.directory import Address
from sendwell.roles.users.cache import PeopleCache
from sendwell.roles.users.service.suppressions import Suppressions
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.fingerprint import fingerprint
from sendwell.roles.users.store.people import PersonRecord, Profile, text_of
from sendwell.roles.users.store.tokens import TokenRecord
from sendwell.runtime.cluster.news import News

_PUSH = ChannelName("push")
_SUPPRESSIONS = ""
"""In the news, where else a person is named: the tenant's suppressions have changed."""
_MOST_AT_ONCE = 1_000
"""People in one statement: SQLite takes 32,766 parameters."""


class Choices(NamedTuple):
    """A person's preferences in their JSON form; equal ones have equal tags."""

    preferences: dict[str, object]
    tag: str


class Users:
    """Implements the port Directory, and what the role's API asks.

    Whoever is asked for an unknown person raises NotFound. What was stored here is seen by the
    next call, whatever the caches hold; other processes are told of it by `news`.
    """

    def __init__(
        self,
        store: UserStore,
        *,
        clock: Clock,
        cache: PeopleCache | None = None,
        suppressions: Suppressions | None = None,
        news: News | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._cache = cache or PeopleCache()
        self._suppressions = suppressions or Suppressions(store.suppressions, clock=clock)
        self._news = news or News("users")
        self._news.listen(self._changed_elsewhere, self._missed)

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

    async def suppress(
        self, tenant: TenantId, channel: ChannelName, *, address: str, reason: str, at: int
    ) -> None:
        """Nothing goes to that address any more, for that reason, known since `at` (microseconds).

        A push token is taken from its person as well. Idempotent; of two the later one counts,
        and nothing where the address was cleared, or its app was seen, after `at`.
        """
        losers = await self._suppressions.change(
            tenant, channel, address=address, reason=reason, at=at
        )
        await self._say(tenant, _SUPPRESSIONS, *losers)

    async def unsuppress(self, tenant: TenantId, channel: ChannelName, *, address: str) -> None:
        """The address may be sent to again. Idempotent; push tokens that were taken stay away."""
        now = self._clock.now()
        await self._suppressions.change(tenant, channel, address=address, reason=None, at=now)
        await self._say(tenant, _SUPPRESSIONS)

    async def person(self, tenant: TenantId, user: UserId) -> PersonRecord:
        """Everything stored about a person."""
        found = await self._store.people.person(tenant, user)
        if found is None:
            raise _no(user)
        return found

    async def put(self, tenant: TenantId, user: UserId, profile: Profile) -> bool:
        """Store a person's profile in place of any before; True for a new person.

        Preferences and push tokens stay as they are.
        """
        is_new = await self._store.people.put(tenant, user, profile=profile, now=self._clock.now())
        await self._say(tenant, user)
        return is_new

    async def delete(self, tenant: TenantId, user: UserId) -> None:
        """Take away a person with preferences and push tokens."""
        is_gone = await self._store.people.delete(tenant, user)
        await self._say(tenant, user)
        if not is_gone:
            raise _no(user)

    async def choices(self, tenant: TenantId, user: UserId) -> Choices:
        """What a person has chosen."""
        return _choices(await self._preferences(tenant, user))

    async def choose(
        self,
        tenant: TenantId,
        user: UserId,
        *,
        value: object,
        only_if: Collection[str] | None = None,
    ) -> Choices:
        """Store preferences, given in their JSON form, in place of those before.

        Raises Invalid that points at everything wrong; Conflict (precondition_failed) where tags
        are given and the preferences have none of them, or no longer.
        """
        text = text_of(parse_preferences(value))
        before = await self._preferences(tenant, user)
        if only_if is not None and _tag(before) not in only_if:
            raise _changed(user)
        is_stored = await self._store.people.set_preferences(
            tenant,
            user,
            text=text,
            now=self._clock.now(),
            instead_of=before if only_if is not None else None,
        )
        await self._say(tenant, user)
        if not is_stored:
            raise _changed(user) if only_if is not None else _no(user)
        return _choices(text)

    async def add_token(
        self, tenant: TenantId, user: UserId, *, token: str, platform: str | None
    ) -> tuple[TokenRecord, bool]:
        """The push token is that person's and nobody else's; True where it was not before.

        Idempotent by token. A suppression of the token is lifted.
        """
        now = self._clock.now()
        registered = await self._store.tokens.register(
            tenant, user, token=token, platform=platform, now=now
        )
        if registered is None:
            raise _no(user)
        if registered.is_new:
            self._suppressions.note(tenant, {fingerprint(tenant, _PUSH, token): None})
        owners = {user, registered.former or user}
        await self._say(tenant, *owners, *([_SUPPRESSIONS] if registered.is_new else ()))
        return TokenRecord(registered.number, token, platform, now), registered.is_new

    async def remove_token(self, tenant: TenantId, user: UserId, number: int) -> None:
        """Take a push token away; raises NotFound where there is none of that number."""
        is_gone = await self._store.tokens.remove(tenant, user, number)
        await self._say(tenant, user)
        if not is_gone:
            raise NotFound(f"There is no push token {number} of a person {user}.")

    async def _read(self, tenant: TenantId, users: list[UserId]) -> Mapping[UserId, Person]:
        now = self._clock.elapsed()
        with self._cache.reading(tenant, users, now=now) as found:
            found.update(await self._store.people.people(tenant, users))
            return found

    async def _say(self, tenant: TenantId, *changed: str) -> None:
        """These have changed here: nobody remembers them any more."""
        for each in changed:
            if each != _SUPPRESSIONS:
                self._cache.forget(tenant, UserId(each))
        await self._news.tell(tenant, *changed)

    def _changed_elsewhere(self, tenant: TenantId, changed: str) -> None:
        if changed == _SUPPRESSIONS:
            self._suppressions.doubt(tenant)
        else:
            self._cache.forget(tenant, UserId(changed))

    def _missed(self) -> None:
        self._cache.forget_all()
        self._suppressions.doubt_all()

    async def _preferences(self, tenant: TenantId, user: UserId) -> str:
        text = await self._store.people.preferences(tenant, user)
        if text is None:
            raise _no(user)
        return text


def _choices(text: str) -> Choices:
    return Choices(msgspec.json.decode(text, type=dict[str, object]), _tag(text))


def _tag(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


def _no(user: UserId) -> NotFound:
    return NotFound(f"There is no person {user}. Store one with PUT /api/v1/users/{user}.")


def _changed(user: UserId) -> Conflict:
    return Conflict(
        f"The preferences of {user} are not those you have seen. Read them again.",
        code="precondition_failed",
    )
