"""Keeps what people agreed to and took back, also where they did so elsewhere."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sendwell.domain.consent import Fact, Preferences, apply_fact, is_outdated
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.clock import Clock
from sendwell.roles.users.store.choices import Change
from sendwell.roles.users.store.consents import Consent, ConsentStore, Entry, Occasion


class Choosers(Protocol):
    """Where choices are stored; both methods raise NotFound for an unknown person."""

    async def of(self, tenant: TenantId, user: UserId) -> object:
        """See PersonalPreferences."""
        ...

    async def change(
        self,
        tenant: TenantId,
        user: UserId,
        change: Change,
        *,
        occasion: Occasion,
        entries: Sequence[Entry],
        by: str | None,
    ) -> object:
        """See PersonalPreferences."""
        ...


class Recorded(NamedTuple):
    """A fact that is on record now; applied unless something newer speaks against it."""

    at: int
    fact: Fact
    occasion: Occasion
    is_applied: bool


class Consents:
    """The record of consent of all people."""

    def __init__(self, store: ConsentStore, choosers: Choosers, *, clock: Clock) -> None:
        self._store = store
        self._choosers = choosers
        self._clock = clock

    async def page(
        self, tenant: TenantId, user: UserId, *, before: int | None, limit: int
    ) -> list[Consent]:
        """A person's facts, the newest first; also of somebody who was deleted since.

        Raises NotFound where nothing was ever known of them.
        """
        found = await self._store.page(tenant, user, before=before, limit=limit)
        if not found:
            await self._choosers.of(tenant, user)
        return found

    async def record(
        self,
        tenant: TenantId,
        user: UserId,
        fact: Fact,
        *,
        occasion: Occasion,
        at: int | None = None,
        by: str | None = None,
    ) -> Recorded:
        """Put something on record that the person said elsewhere, at that time or now.

        It becomes their choice, unless they have said otherwise since. Raises Invalid for a time
        to come, NotFound for an unknown person.
        """
        now = self._clock.now()
        when = now if at is None else at
        if when > now:
            why = "Nobody has agreed to anything in the future."
            raise Invalid(why, flaws=[Flaw("/at", why)])
        later = await self._store.since(tenant, user, when)
        is_old = is_outdated(fact, later)

        def change(chosen: Preferences) -> Preferences:
            return chosen if is_old else apply_fact(chosen, fact, later)

        entry = Entry(tenant, user, when, fact, occasion)
        await self._choosers.change(tenant, user, change, occasion=occasion, entries=[entry], by=by)
        return Recorded(when, fact, occasion, not is_old)
