"""Rows and keys of a promotion, as bytes and as text."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.sql.promotion.canon import key_of_text, key_text, row_bytes
from sendwell.adapters.sql.promotion.shape import Column, Shape

VALUES = st.none() | st.integers() | st.text() | st.binary()
ROWS = st.lists(VALUES).map(tuple)
KEYS = st.lists(st.integers() | st.text() | st.binary(), min_size=1).map(tuple)


@given(ROWS, ROWS)
def test_two_rows_have_the_same_bytes_only_if_they_are_the_same(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert (row_bytes(one) == row_bytes(other)) == (one == other)


def test_what_looks_alike_is_told_apart() -> None:
    alike = [("ab", "c"), ("a", "bc"), (b"ab", "c"), ("ab", None, "c"), ("1",), (1,), ("-",)]

    assert len({row_bytes(row) for row in alike}) == len(alike)


@given(KEYS)
def test_a_key_comes_back_from_its_text(key: tuple[object, ...]) -> None:
    assert key_of_text(key_text(key)) == key


def test_a_row_of_the_file_is_read_as_postgresql_gives_it() -> None:
    columns = (Column("tenant", "character varying"), Column("is_open", "boolean"))
    shape = Shape("tenant", columns, key=("tenant",), wide_key=("is_open", "tenant"))

    row = shape.row(("acme", 1))

    assert (row, type(row[1])) == (("acme", True), bool)
    assert (shape.key_of(row), shape.wide_key_of(row)) == (("acme",), (True, "acme"))
