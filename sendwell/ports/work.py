"""What the tracker asks the delivery role: the work that is still open."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sendwell.domain.ids import Position, TenantId
from sendwell.messages.status import Status
from sendwell.ports.journal import Filter


class Work(Protocol):
    """Open deliveries of one tenant, read-only."""

    async def open(
        self,
        tenant: TenantId,
        positions: Sequence[Position],
        *,
        recipients: Collection[int] | None = None,
    ) -> Sequence[Status]:
        """Where the open deliveries of these notifications stand; `notification` is left empty.
        With `recipients`, those to these places in their `to`.
        """
        ...

    async def positions(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> Sequence[Position]:
        """Where the notifications are that match and have open work in that state and channel,
        newest first, older than `before`; with `user_id`, open work to that person.
        """
        ...

    async def open_counts(self, tenant: TenantId) -> Mapping[str, int]:
        """How many deliveries are open in each state."""
        ...
