"""How much tenants have handed in, read from the journal."""

from sqlalchemy import func, select

from sendwell.domain.ids import COUNTER_BITS, TenantId
from sendwell.ports.database import Database
from sendwell.runtime.journal.tables import REQUESTED


class IntakeCounts:
    """Counts accepted notifications by their positions alone, which are times: no row is read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(
        self, tenant: TenantId, since: int, until: int, slot: int
    ) -> list[tuple[int, int]]:
        """By slots of that many microseconds: (end of the slot, how many), the earliest first."""
        length = slot // 1_000 << COUNTER_BITS
        number = REQUESTED.c.position.op("/")(length).label("number")
        rows = await self._database.rows(
            select(number, func.count().label("accepted"))
            .where(
                REQUESTED.c.tenant == tenant,
                REQUESTED.c.position >= _at(since),
                REQUESTED.c.position < _at(until),
            )
            .group_by(number)
            .order_by(number)
        )
        return [(_time((row.number + 1) * length), row.accepted) for row in rows]


def _at(time: int) -> int:
    return max(0, time // 1_000 << COUNTER_BITS)


def _time(position: int) -> int:
    return (position >> COUNTER_BITS) * 1_000
