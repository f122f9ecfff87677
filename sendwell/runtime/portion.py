"""Reading much in portions that fit into one answer between services."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
MOST_BYTES = 2 * 1024 * 1024


def portion(
    rows: Sequence[T], limit: int, size: Callable[[T], int]
) -> tuple[Sequence[T], T | None]:
    """As many of the rows as fit, at least one; and the last of them where more may follow.

    `limit` is how many were asked for: as many rows as that are not known to be all.
    """
    total = 0
    for number, row in enumerate(rows):
        total += size(row)
        if total > MOST_BYTES and number:
            return rows[:number], rows[number - 1]
    return rows, rows[-1] if len(rows) == limit else None
