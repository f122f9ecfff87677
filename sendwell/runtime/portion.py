"""Reading much in portions that fit into one answer."""

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
    taken = fitting(rows, size)
    is_cut = len(taken) < len(rows)
    return taken, taken[-1] if is_cut or len(rows) == limit else None


def fitting(rows: Sequence[T], size: Callable[[T], int]) -> Sequence[T]:
    """The first of the rows, as many as fit, at least one where there is one."""
    total = 0
    for number, row in enumerate(rows):
        total += size(row)
        if total > MOST_BYTES and number:
            return rows[:number]
    return rows
