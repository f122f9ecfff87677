"""Whoever keeps something of people: can tell it, and can let it go."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from sendwell.domain.ids import ChannelName, TenantId, UserId


class Whom(msgspec.Struct, frozen=True):
    """One person of a tenant, and every address by which something may be known as theirs."""

    tenant: TenantId
    user_id: UserId
    addresses: tuple[tuple[ChannelName, str], ...] = ()


class Item(msgspec.Struct, frozen=True):
    """One thing that is kept of a person, as they are shown it."""

    kind: str
    document: Mapping[str, Any]


class Told(msgspec.Struct, frozen=True):
    """Some of it; there is more behind `after`, where that is given."""

    items: list[Item] = []
    after: str | None = None


class Erased(msgspec.Struct, frozen=True):
    """How many things were let go; there may be more behind `after`, where that is given.

    `is_busy`: something is still in somebody's hands, a send for example. Come again soon.
    """

    count: int = 0
    after: str | None = None
    is_busy: bool = False


class Keeper(Protocol):
    """One store of one process. Both questions are answered in steps of at most some seconds.

    A step goes on where `after` of the step before says, None for the first one. Beginning anew at
    any time is right: what is gone is not there a second time.
    """

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """What is kept of the person, oldest first. Raises Unavailable."""
        ...

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """Let go of the next part of it, durably: of what is personal, and only of that.

        Counts, ids, states and times stay, so that every sum still adds up. Raises Unavailable.
        """
        ...
