"""What the tracker asks the delivery role: the work that is still open."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sendwell.domain.ids import Position, TenantId
from sendwell.messages.status import Status


class Work(Protocol):
    """Open deliveries of one tenant, read-only."""

    async def open(self, tenant: TenantId, positions: Sequence[Position]) -> Sequence[Status]:
        """Where the open deliveries of these notifications stand; `notification` is left empty."""
        ...

    async def open_page(
        self,
        tenant: TenantId,
        *,
        status: str | None,
        channel: str | None,
        before: Position | None,
        limit: int,
    ) -> Sequence[Position]:
        """Notifications with open work in that state and channel, newest first."""
        ...

    async def open_counts(self, tenant: TenantId) -> Mapping[str, int]:
        """How many deliveries are open in each state."""
        ...
