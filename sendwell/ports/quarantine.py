"""The quarantine of one service, as the service asks that shows all of them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from sendwell.domain.ids import TenantId
from sendwell.messages.wire.quarantine import Quarantine


class Narrowed(msgspec.Struct, frozen=True):
    """What a page is narrowed to: what came by a stream, what has a reason."""

    stream: str | None = None
    reason: str | None = None


class Kept(msgspec.Struct, frozen=True):
    """A message in quarantine, without what came; `id` is its number in that database."""

    id: int
    stream: str
    place: str
    reason: str
    text: str
    pointer: str
    at: int


class KeptInFull(msgspec.Struct, frozen=True):
    """The same, and what came."""

    kept: Kept
    message: Quarantine


class Shelf(msgspec.Struct, frozen=True):
    """The newest first; `database` is what it is called where several services may share one."""

    kept: Sequence[Kept]
    database: str = ""


class Quarantined(Protocol):
    """Messages of a tenant that could not be taken."""

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, before: int | None, limit: int
    ) -> Shelf:
        """Those with numbers below `before`, the newest first. Raises Unavailable."""
        ...

    async def find(self, tenant: TenantId, number: int) -> KeptInFull:
        """One of them. Raises NotFound, also for another tenant's, and Unavailable."""
        ...
