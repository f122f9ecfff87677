"""What is kept for a time of its own, whatever it is about, goes when that is over."""

from sqlalchemy import Column, Table, delete, func, select

from sendwell.ports.database import Database
from sendwell.runtime.portion import fitting

_TOGETHER = 500


async def forget_aged(database: Database, table: Table, before: int, *, long: Column[bytes]) -> int:
    """Delete rows with an `at` before then; gives how many those were.

    In the order of their `id`, which is that of their time: who asks again goes through no more
    than what is old, without an index that each new row would pay for. Some rows at a time, and
    not many bytes of `long` either, so that no commit takes long.
    """
    id_, at = table.c.id, table.c.at
    sizes = select(id_, at, func.length(long).label("size")).order_by(id_).limit(_TOGETHER)
    last, forgotten = 0, 0
    while rows := await database.rows(sizes.where(id_ > last)):
        # The clock of one that came before may have been ahead: look past it, and not at one alone.
        old = fitting([row for row in rows if row.at < before], lambda row: row.size)
        if not old:
            break
        last = old[-1].id
        these = delete(table).where(id_.between(old[0].id, last), at < before)
        (done,) = await database.execute(these)
        forgotten += done.rowcount
    return forgotten
