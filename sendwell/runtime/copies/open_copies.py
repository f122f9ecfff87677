"""Where deliveries stand that other services have taken on; see the port Work."""

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import select

from sendwell.domain.ids import Position, TenantId
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.ports.journal import Filter
from sendwell.ports.work import Work
from sendwell.runtime.among import among
from sendwell.runtime.copies.tables import OPEN
from sendwell.runtime.open_work import OpenWork


class OpenCopies:
    """Open deliveries: those of this database, and the copies of others'."""

    def __init__(self, database: Database, own: Work) -> None:
        self._database = database
        self._own = own
        self._copied = OpenWork(database, OPEN, at=OPEN.c.at, rule=OPEN.c.rule)

    async def open(
        self,
        tenant: TenantId,
        positions: Sequence[Position],
        *,
        recipients: Collection[int] | None = None,
    ) -> list[Status]:
        """See the port."""
        return [
            *await self._own.open(tenant, positions, recipients=recipients),
            *await self._copied.open(tenant, positions, recipients=recipients),
        ]

    async def positions(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> list[Position]:
        """See the port."""
        own, copied = [
            await work.positions(tenant, narrowed, before=before, limit=limit)
            for work in (self._own, self._copied)
        ]
        return sorted({*own, *copied}, reverse=True)[:limit]

    async def open_counts(self, tenant: TenantId) -> dict[str, int]:
        """See the port."""
        own, copied = [await work.open_counts(tenant) for work in (self._own, self._copied)]
        return dict(Counter(own) + Counter(copied))

    async def open_among(self, positions: Sequence[int]) -> set[int]:
        """Those of these positions whose notification has an open copy."""
        return await self._copied.open_among(positions)

    async def parts(self, positions: Collection[Position]) -> set[tuple[Position, str]]:
        """The deliveries at these positions of which there is a copy."""
        rows = await self._database.rows(
            select(OPEN.c.position, OPEN.c.part).where(
                among(OPEN.c.position, positions, self._database)
            )
        )
        return {(row.position, row.part) for row in rows}
