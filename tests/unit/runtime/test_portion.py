"""Portions of rows: not too much at once, nothing left out."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.runtime.portion import MOST_BYTES, portion

SIZES = st.lists(st.integers(0, 2 * MOST_BYTES), max_size=20)


@given(SIZES, st.integers(1, 5))
def test_portion_after_portion_gives_every_row_once(sizes: list[int], limit: int) -> None:
    rows = list(enumerate(sizes))
    seen: list[tuple[int, int]] = []

    start: int | None = 0
    while start is not None:
        page = rows[start : start + limit]
        taken, last = portion(page, limit, lambda row: row[1])
        seen += taken
        start = None if last is None else last[0] + 1

    assert rows == seen


@given(SIZES)
def test_a_portion_is_small_unless_a_single_row_is_not(sizes: list[int]) -> None:
    taken, _ = portion(sizes, len(sizes) + 1, lambda size: size)

    assert len(taken) <= 1 or sum(taken) <= MOST_BYTES


def test_fewer_rows_than_were_asked_for_are_the_last() -> None:
    assert portion([1, 2], 3, lambda size: size) == ([1, 2], None)
