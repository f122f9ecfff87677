"""Where deliveries stand that other services have taken on; see the port Work."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select

from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.ports.work import Work
from sendwell.runtime.copies.tables import OPEN


class Standing:
    """Open deliveries: those of this database, and the copies of others'."""

    def __init__(self, database: Database, own: Work) -> None:
        self._database = database
        self._own = own

    async def open(self, tenant: TenantId, positions: Sequence[Position]) -> list[Status]:
        """See the port."""
        rows = await self._database.rows(
            select(OPEN).where(OPEN.c.tenant == tenant, OPEN.c.position.in_(positions))
        )
        return [*await self._own.open(tenant, positions), *map(_status, rows)]

    async def open_page(
        self,
        tenant: TenantId,
        *,
        status: str | None,
        channel: str | None,
        before: Position | None,
        limit: int,
    ) -> list[Position]:
        """See the port."""
        question = select(OPEN.c.position).where(OPEN.c.tenant == tenant).distinct()
        if status is not None:
            question = question.where(OPEN.c.state == status)
        if channel is not None:
            question = question.where(OPEN.c.channel == channel)
        if before is not None:
            question = question.where(OPEN.c.position < before)
        rows = await self._database.rows(question.order_by(OPEN.c.position.desc()).limit(limit))
        own = await self._own.open_page(
            tenant, status=status, channel=channel, before=before, limit=limit
        )
        return sorted({*own, *(row.position for row in rows)}, reverse=True)[:limit]

    async def open_counts(self, tenant: TenantId) -> dict[str, int]:
        """See the port."""
        rows = await self._database.rows(
            select(OPEN.c.state, func.count().label("deliveries"))
            .where(OPEN.c.tenant == tenant)
            .group_by(OPEN.c.state)
        )
        counts = dict(await self._own.open_counts(tenant))
        for row in rows:
            counts[row.state] = counts.get(row.state, 0) + row.deliveries
        return counts

    async def oldest(self) -> int | None:
        """The position of the oldest notification with an open copy."""
        (row,) = await self._database.rows(select(func.min(OPEN.c.position).label("first")))
        return None if row.first is None else int(row.first)

    async def parts(self, positions: Collection[Position]) -> set[tuple[Position, str]]:
        """The deliveries at these positions of which there is a copy."""
        rows = await self._database.rows(
            select(OPEN.c.position, OPEN.c.part).where(OPEN.c.position.in_(positions))
        )
        return {(row.position, row.part) for row in rows}


def _status(row: Row[Any]) -> Status:
    return Status(
        tenant=row.tenant,
        notification=NotificationId(""),
        position=row.position,
        part=row.part,
        channel=row.channel,
        state=State(row.state),
        at=row.at,
        planned_at=row.planned_at,
        claimed_at=row.claimed_at,
        attempt=row.attempt,
        provider=row.provider,
        rule=row.rule,
        due=row.due,
    )
