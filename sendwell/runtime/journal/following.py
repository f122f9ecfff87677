"""What other roles keep about notifications goes when those have gone."""

from sqlalchemy import Table, delete, select

from sendwell.domain.ids import COUNTER_BITS
from sendwell.ports.database import Database
from sendwell.runtime.among import among
from sendwell.runtime.journal.tables import REQUESTED

_TOGETHER = 500


async def forget_following(database: Database, table: Table, before: int) -> int:
    """Delete rows about notifications that were accepted before then and are kept no longer; gives
    how many those were. Some at a time, so that no commit takes long.
    """
    bound = before // 1000 << COUNTER_BITS
    position = table.c.position
    kept = select(REQUESTED.c.position).where(
        REQUESTED.c.position == position, REQUESTED.c.position < bound
    )
    gone = select(position).where(position < bound, ~kept.exists()).distinct().limit(_TOGETHER)
    forgotten = 0
    while rows := await database.rows(gone):
        positions = [row.position for row in rows]
        (done,) = await database.execute(delete(table).where(among(position, positions, database)))
        forgotten += done.rowcount
    return forgotten
