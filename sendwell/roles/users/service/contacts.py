"""Knows by which of a person's addresses they were really reached."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sendwell.domain.errors import NotFound
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.clock import Clock
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.contacts import ContactStore, Verified
from sendwell.roles.users.store.people import PeopleStore


class Contact(NamedTuple):
    """An address of a person by a channel; `verified` where it is certain that it is theirs."""

    channel: ChannelName
    address: str
    verified: Verified | None


class Contacts:
    """Contacts of all people."""

    def __init__(
        self,
        store: ContactStore,
        people: PeopleStore,
        *,
        clock: Clock,
        author: Callable[[str | None, int], Author | None],
    ) -> None:
        self._store = store
        self._people = people
        self._clock = clock
        self._author = author

    async def of(self, tenant: TenantId, user: UserId) -> Sequence[Contact]:
        """A person's contacts, push tokens apart. Raises NotFound for an unknown person."""
        person = await self._people.person(tenant, user)
        if person is None:
            raise NotFound(f"There is no person {user}.")
        return [
            Contact(channel, address, person.verified.get(channel))
            for channel, address in sorted(person.profile.addresses.items())
        ]

    async def verify(
        self,
        tenant: TenantId,
        user: UserId,
        channel: ChannelName,
        *,
        is_so: bool,
        how: str | None,
        by: str | None = None,
    ) -> Contact:
        """That address is certainly the person's from now on, or no longer.

        Raises NotFound where they have none by that channel.
        """
        found = {each.channel: each for each in await self.of(tenant, user)}
        if channel not in found:
            raise NotFound(f"{user} has no address by {channel}.")
        address = found[channel].address
        now = self._clock.now()
        verified = Verified(now, how) if is_so else None
        await self._store.mark(
            tenant,
            user,
            channel=channel,
            address=address,
            verified=verified,
            author=self._author(by, now),
        )
        return Contact(channel, address, verified)
