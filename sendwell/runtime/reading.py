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
) -> tuple[Sequence[Row[Any]], int | None]:
    """The first of the rows in the order of `key`, as many as fit, at least one where there is one;
    and the key behind which more may follow.

    `long` is what makes them long, and `limit` how many are looked at.
    """
    # Neither database reads such a value to tell its length.
    sizes = question.with_only_columns(key.label("key"), func.length(long).label("size"))
    measured = await database.rows(sizes.order_by(key).limit(limit))
    taken, last = portion(measured, limit, lambda row: row.size)
    if not taken:
        return (), None
    fitting = question.where(key.between(taken[0].key, taken[-1].key)).order_by(key)
    return await database.rows(fitting), None if last is None else last.key
