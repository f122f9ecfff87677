"""Knows what people chose, and lets them choose anew."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from sendwell.domain.consent import parse_preferences, preferences_json
from sendwell.domain.errors import Conflict, NotFound
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.clock import Clock
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.choices import Change, Choosing, preferences_of
from sendwell.roles.users.store.consents import BY_API, Entry, Occasion


class Choices(NamedTuple):
    """A person's preferences in their JSON form; equal ones have equal tags."""

    preferences: dict[str, object]
    tag: str


class Subscription(NamedTuple):
    """A topic that a person has asked for: by channel or EVERY, and since when."""

    topic: str
    by_channel: Mapping[str, bool]
    since: int


class PersonalPreferences:
    """The preferences of all people. Whoever is asked for an unknown person raises NotFound."""

    def __init__(
        self,
        store: UserStore,
        *,
        clock: Clock,
        changed: Callable[[TenantId, UserId], Awaitable[None]],
        author: Callable[[str | None, int], Author | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed
        self._author = author

    async def of(self, tenant: TenantId, user: UserId) -> Choices:
        """What a person has chosen."""
        return _choices(await self._text(tenant, user))

    async def choose(
        self,
        tenant: TenantId,
        user: UserId,
        *,
        value: object,
        only_if: Collection[str] | None = None,
        occasion: Occasion = BY_API,
        by: str | None = None,
    ) -> Choices:
        """Store preferences, given in their JSON form, in place of those before.

        What is agreed to or taken back by it goes on record. Raises Invalid that points at
        everything wrong; Conflict (precondition_failed) where tags are given and the preferences
        have none of them, or no longer.
        """
        chosen = parse_preferences(value)
        instead_of = None
        if only_if is not None:
            instead_of = await self._text(tenant, user)
            if _tag(instead_of) not in only_if:
                raise _other(user)
        return await self.change(
            tenant, user, lambda _: chosen, occasion=occasion, instead_of=instead_of, by=by
        )

    async def subscriptions(self, tenant: TenantId, user: UserId) -> list[Subscription]:
        """What a person has subscribed to, in the order of the topics."""
        topics = preferences_of(await self._text(tenant, user)).topics
        since = await self._store.topics.since(tenant, user)
        return [
            Subscription(topic, topics[topic], since[topic])
            for topic in sorted(topics.keys() & since.keys())
        ]

    async def change(
        self,
        tenant: TenantId,
        user: UserId,
        change: Change,
        *,
        occasion: Occasion,
        instead_of: str | None = None,
        entries: Sequence[Entry] = (),
        by: str | None = None,
    ) -> Choices:
        """Change a person's preferences, whatever they are by then, or only those `instead_of`.

        On record go the entries; without any, what the change comes to.
        """
        now = self._clock.now()
        author = self._author(by, now)
        choosing = Choosing(
            tenant, user, change, occasion, now, instead_of, entries=entries, author=author
        )
        chosen = await self._store.people.choose(choosing)
        await self._changed(tenant, user)
        if chosen.text is None:
            raise no_such(user)
        if not chosen.is_stored:
            raise _other(user)
        return _choices(chosen.text)

    async def _text(self, tenant: TenantId, user: UserId) -> str:
        text = await self._store.people.preferences(tenant, user)
        if text is None:
            raise no_such(user)
        return text


def no_such(user: UserId) -> NotFound:
    """Says where people come from."""
    return NotFound(f"There is no person {user}. Store one with PUT /api/v1/users/{user}.")


def _choices(text: str) -> Choices:
    return Choices(preferences_json(preferences_of(text)), _tag(text))


def _tag(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


def _other(user: UserId) -> Conflict:
    return Conflict(
        f"The preferences of {user} are not those you have seen. Read them again.",
        code="precondition_failed",
    )
