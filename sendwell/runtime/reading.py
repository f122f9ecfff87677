"""Reads long rows a portion at a time: how long they are first, and then those that fit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func

from sendwell.ports.database import Database
from sendwell.runtime.portion import portion


async def read_portion(
    database: Database,
    question: Select[Any],
    *,
    key: ColumnElement[int],
    long: ColumnElement[bytes],
    limit: int,
    is_newest_first: bool = False,
) -> tuple[Sequence[Row[Any]], int | None]:
    """The first of the rows in the order of `key`, as many as fit, at least one where there is one;
    and the key behind which more may follow. The newest first: from the highest key down.

    `long` is what makes them long, and `limit` how many are looked at.
    """
    order = key.desc() if is_newest_first else key
    # Neither database reads such a value to tell its length.
    sizes = question.with_only_columns(key.label("key"), func.length(long).label("size"))
    measured = await database.rows(sizes.order_by(order).limit(limit))
    taken, last = portion(measured, limit, lambda row: row.size)
    if not taken:
        return (), None
    lowest, highest = sorted((taken[0].key, taken[-1].key))
    fitting = question.where(key.between(lowest, highest)).order_by(order)
    return await database.rows(fitting), None if last is None else last.key
