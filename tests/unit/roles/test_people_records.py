"""The bytes of a file come in any pieces: its records are the same."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendwell.roles.users.reading.records import (
    BEGINNING,
    LARGEST_RECORD,
    Place,
    Record,
    Records,
)

CHARACTERS = st.sampled_from(["a", "é", '"', ",", ";", "\r", "\n", " ", "\ufeff", "\x00"])
FILES = st.text(CHARACTERS, max_size=60).map(str.encode)
ROWS = st.lists(
    st.lists(st.text(CHARACTERS.filter(lambda c: c not in "\ufeff\x00\r"), max_size=6), min_size=2),
    max_size=6,
)
CUTS = st.lists(st.integers(1, 20), max_size=40)
DELIMITERS = st.sampled_from([None, b",", b";"])


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    """The content cut after so many bytes each; the rest is the last piece."""
    parts, at = [], 0
    for cut in cuts:
        parts.append(content[at : at + cut])
        at += cut
    return [*parts, content[at:]]


def read(
    content: bytes,
    *,
    cuts: list[int] | None = None,
    delimiter: bytes | None = None,
    place: Place = BEGINNING,
) -> list[Record]:
    records = Records(place, delimiter=delimiter)
    found = [record for piece in pieces(content, cuts or []) for record in records.feed(piece)]
    return [*found, *records.end()]


def long_file(delimiter: bytes | None) -> bytes:
    """With records around the longest, and one that is long in quotes with line ends in it."""
    quoted = b'"' + (b'x""y' * 250 + b"\n") * 80 + b'",z\n'
    lengths = (LARGEST_RECORD - 1, LARGEST_RECORD, LARGEST_RECORD + 1, 3 * LARGEST_RECORD)
    lines = b"".join(b"x" * length + b"\nnext\n" for length in lengths)
    return b"first\n" + lines + (quoted if delimiter else b"") + b"last\n"


@given(FILES, CUTS, DELIMITERS)
def test_any_pieces_give_the_same_records(
    content: bytes, cuts: list[int], delimiter: bytes | None
) -> None:
    assert read(content, delimiter=delimiter) == read(content, cuts=cuts, delimiter=delimiter)


@given(FILES, st.integers(0, 60), DELIMITERS)
def test_reading_goes_on_where_it_was_interrupted(
    content: bytes, cut: int, delimiter: bytes | None
) -> None:
    first = Records(delimiter=delimiter)
    found = list(first.feed(content[:cut]))

    rest = read(content[first.place.offset :], delimiter=delimiter, place=first.place)

    assert read(content, delimiter=delimiter) == [*found, *rest]


@settings(max_examples=25)
@given(st.lists(st.integers(1, 3 * LARGEST_RECORD), max_size=12), st.sampled_from([None, b","]))
def test_long_records_are_the_same_in_any_pieces_and_after_any_interruption(
    cuts: list[int], delimiter: bytes | None
) -> None:
    content = long_file(delimiter)
    found: list[Record] = []
    place = BEGINNING

    for cut in cuts:
        records = Records(place, delimiter=delimiter)
        found += records.feed(content[place.offset :][:cut])
        place = records.place

    rest = read(content[place.offset :], delimiter=delimiter, place=place)
    assert read(content, delimiter=delimiter) == [*found, *rest]


@pytest.mark.parametrize("delimiter", [None, b","])
def test_what_is_too_long_is_given_once_without_text_and_its_neighbours_whole(
    delimiter: bytes | None,
) -> None:
    found = read(long_file(delimiter), cuts=[1000] * 500, delimiter=delimiter)

    too_long = [record.line for record in found if record.text is None]
    assert too_long == ([6, 8] if delimiter is None else [6, 8, 10])
    assert Record(7, b"next") in found
    assert found[-1].text == b"last"


def test_no_more_than_a_record_is_held_of_a_line_without_an_end() -> None:
    records = Records()

    for _ in range(50):
        assert len(list(records.feed(b"x" * LARGEST_RECORD))) <= 1
        assert len(records._held) <= 3 * LARGEST_RECORD

    assert records.place == Place(50 * LARGEST_RECORD, 0, is_skipping=True)


@given(ROWS, st.sampled_from([",", ";"]), st.sampled_from(["\n", "\r\n"]), CUTS)
def test_records_are_the_rows_that_a_csv_writer_wrote(
    rows: list[list[str]], delimiter: str, line_end: str, cuts: list[int]
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=line_end).writerows(rows)

    found = read(file.getvalue().encode(), cuts=cuts, delimiter=delimiter.encode())

    texts = [(record.text or b"").decode() for record in found]
    assert rows == [next(csv.reader([text], delimiter=delimiter, strict=True)) for text in texts]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    content = b'a\n\n"b\nc",d\r\ne'

    found = read(content, delimiter=b",")

    assert found == [(1, b"a"), (2, b""), (3, b'"b\nc",d'), (5, b"e")]


def test_a_quote_inside_a_cell_opens_nothing() -> None:
    assert read(b'ada,5" pipe\nbob,6\n', delimiter=b",") == [(1, b'ada,5" pipe'), (2, b"bob,6")]


def test_a_mark_of_utf_8_is_no_part_of_the_first_record() -> None:
    content = "\ufeffuser_id\n\ufeffada\n".encode()

    assert read(content, cuts=[1, 1]) == [(1, b"user_id"), (2, "\ufeffada".encode())]
