"""Which notifications are planned, where their tasks have gone to somebody else by a bus."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select

from sendwell.domain.ids import COUNTER_BITS, Position
from sendwell.messages.requested import Requested
from sendwell.ports.database import Database, Write
from sendwell.runtime.among import among
from sendwell.runtime.copies import hot
from sendwell.runtime.copies.rows import HandedOn
from sendwell.runtime.copies.tables import HANDED_ON
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene

_KEPT_MS = 30 * 86_400_000
"""How long a bus may take to hand a request out again."""


class Plans:
    """The planner's memory: a task on its way is neither open work nor an outcome."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def on_requested(self, batch: Sequence[Requested], scene: Scene) -> Sequence[Message]:
        """They are not planned again, should the bus hand them out again."""
        rows = [HandedOn(each.position, each.tenant) for each in batch]
        scene.write([Write(hot.put_handed_on, rows)])
        return ()

    async def known(self, positions: Sequence[Position]) -> Collection[Position]:
        """Those of the positions that are planned."""
        rows = await self._database.rows(
            select(HANDED_ON.c.position).where(
                among(HANDED_ON.c.position, positions, self._database)
            )
        )
        return {row.position for row in rows}

    async def sweep(self, now: int) -> None:
        """Forget what no bus hands out again."""
        before = now // 1000 - _KEPT_MS << COUNTER_BITS
        await self._database.execute(delete(HANDED_ON).where(HANDED_ON.c.position < before))
