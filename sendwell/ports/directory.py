"""What the flow asks the users role."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from sendwell.domain.consent import Modes
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person

Address = tuple[ChannelName, str]

SUPPRESSIONS = ""
"""In the news of the topic `users`, where else a person is named: the tenant's suppressions have
changed."""
ALL_TENANTS = TenantId("")
"""Whose suppressions hold for all. When they change, each address is told as well, by `thing_of`:
what else is known of other tenants' addresses goes on to be so.
"""
EVERYBODY = "*"
"""Likewise: many people have changed at once. It is nobody's id."""
TOPICS = "/"
"""The tenant's topics have changed. No person's id has a slash."""


def thing_of(address: Address) -> str:
    """What an address's suppression is told and remembered by: no person's id, and no topics."""
    return "/".join(("", *address))


class Changed(NamedTuple):
    """Who has changed: a person; without `user`, many of the tenant; without both, anybody."""

    tenant: TenantId | None = None
    user: UserId | None = None


ANYBODY = Changed()
PeopleChanged = Callable[[Changed], None]
"""Called once whoever is asked knows the change. Must not fail or wait."""


class Directory(Protocol):
    """People and suppressions, read-only, for many at once.

    Answers may be cached, but never older than 5 s; an opt-out or suppression stored in this
    process is seen by the next call.
    """

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> Mapping[UserId, Person]:
        """The people that exist; unknown ids are left out."""
        ...

    async def suppressed(
        self, tenant: TenantId, addresses: Collection[Address]
    ) -> Mapping[Address, str]:
        """Those of the addresses that must not be sent to, with the reason."""
        ...

    async def topics_of(self, tenant: TenantId) -> Modes:
        """The tenant's topics, each with whether only those get it who have subscribed."""
        ...

    async def subscribers(self, tenant: TenantId, topic: str, *, most: int) -> Sequence[UserId]:
        """Who has subscribed to the topic or one above it, and not taken it back for this one; in
        the order of ids, and no more than so many. Never cached.
        """
        ...
