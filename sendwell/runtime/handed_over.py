"""Rows that one process leaves to another: the number in them becomes the other's."""

from collections.abc import Callable, Sequence

from sqlalchemy import Table, select, update

from sendwell.domain.ids import Node
from sendwell.ports.database import Database

_AT_ONCE = 5_000
"""After an outage there may be millions, and PostgreSQL ends a statement after 30 s."""


async def hand_over(
    database: Database,
    table: Table,
    *,
    left_under: Sequence[Node],
    to: Node,
    told: Callable[[], object] = lambda: None,
) -> int:
    """The rows of `table`, which has a `number` and a `node`, are `to`'s: the oldest first, some at
    a time, each time in a commit of its own and with a word to `told`. Gives how many there were.

    Where it breaks off, what was handed over stays so, and the next call goes on from there.
    """
    number, node = table.c.number, table.c.node
    count, last = 0, -1
    while True:
        found: list[int] = []
        for each in left_under:  # one by one: so each is the beginning of a range of the index
            own = select(number).where(node == each, number > last)
            rows = await database.rows(own.order_by(number).limit(_AT_ONCE))
            found += [row.number for row in rows]
        if not found:
            return count
        oldest = sorted(found)[:_AT_ONCE]
        last = oldest[-1]
        these = update(table).where(node.in_(left_under), number.between(oldest[0], last))
        await database.execute(these.values(node=to))
        count += len(oldest)
        told()
