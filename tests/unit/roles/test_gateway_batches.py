"""The items of a batch, and that nobody reads more of them than there may be."""

import time
import tracemalloc

import pytest

from sendwell.domain.errors import Invalid, TooLarge
from sendwell.roles.gateway.wire import MOST_ITEMS, read_many


@pytest.mark.parametrize("number", [0, 1, 2, MOST_ITEMS])
def test_a_list_gives_its_items_as_they_came(number: int) -> None:
    items = [b'{"a": [%d, null]}' % each for each in range(number)]

    assert items == read_many(b" [" + b" ,".join(items) + b"]\n", is_lines=False)


def test_what_is_no_notification_is_an_item_all_the_same() -> None:
    assert [b"null", b'""', b"0", b"{}"] == read_many(b'[null, "", 0, {}]', is_lines=False)


def test_lines_are_items_but_for_empty_ones() -> None:
    assert [b"{}", b"{ }\r", b"0"] == read_many(b"\n{}\n\r\n \t\n{ }\r\n\n 0", is_lines=True)


def test_a_mark_before_the_lines_is_none_of_them() -> None:
    assert [b"{}", b"0"] == read_many(b"\xef\xbb\xbf{}\n0", is_lines=True)
    assert [] == read_many(b"\xef\xbb\xbf", is_lines=True)


@pytest.mark.parametrize("body", [b"", b"{}", b"5", b'"[', b"[1,]", b"[1", b"[]x", b"[1 2]"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="must be a JSON list") as refused:
        read_many(body, is_lines=False)

    assert not isinstance(refused.value, TooLarge)


def test_lines_that_came_as_a_list_are_told_how_to_come() -> None:
    with pytest.raises(Invalid, match="Content-Type: application/x-ndjson"):
        read_many(b'{"content": 1}\n{"content": 2}', is_lines=False)


@pytest.mark.parametrize(
    ("body", "is_lines"),
    [
        (b"[" + b"0," * MOST_ITEMS + b"0]", False),
        (b"\n [" + b"0," * 4_000_000 + b"0]", False),
        (b"0\n" * (MOST_ITEMS + 1), True),
        (b"0\n" * 4_000_000, True),
    ],
)
def test_too_many_are_refused_before_they_are_read(body: bytes, is_lines: bool) -> None:
    tracemalloc.start()
    began = time.process_time()

    with pytest.raises(TooLarge, match="1000"):
        read_many(body, is_lines=is_lines)

    taken, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 0.5
    assert most < 1_000_000


@pytest.mark.parametrize("line", [b"\n", b" ", b" " * 999 + b"\n"])
def test_ten_megabytes_of_nothing_take_no_time(line: bytes) -> None:
    began = time.process_time()

    assert read_many(line * (9_000_000 // len(line)), is_lines=True) == []

    assert time.process_time() - began < 1
