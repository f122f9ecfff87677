"""Copies that came with some of their recipients only get the others as they become known."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from sendwell.messages import requested as codec
from sendwell.messages.filled import filled
from sendwell.runtime.journal.rows import Row
from sendwell.runtime.journal.tables import REQUESTED


def fill_in(connection: Connection, rows: Sequence[Row]) -> None:
    """What is kept of these names everybody that either copy of it names."""
    found = connection.execute(
        select(REQUESTED.c.position, REQUESTED.c.body)
        .where(REQUESTED.c.position.in_({row.position for row in rows}))
        .order_by(REQUESTED.c.position)  # two that lock the same rows do so in one order
        .with_for_update()
    )
    kept = {row.position: bytes(row.body) for row in found}
    before = dict(kept)
    for row in rows:
        if kept.get(row.position, row.body) != row.body:
            both = filled(codec.decode(kept[row.position]), codec.decode(row.body))
            kept[row.position] = codec.encode(both)
    for position, body in kept.items():
        if body != before[position]:
            connection.execute(
                update(REQUESTED).where(REQUESTED.c.position == position).values(body=body)
            )
