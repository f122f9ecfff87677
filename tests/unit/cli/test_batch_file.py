import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.cli.batch_file import MOST_BYTES, MOST_ITEMS, Item, chunks, read_items
from sendwell.domain.errors import Invalid

OBJECTS = st.dictionaries(
    st.text(max_size=5), st.text(max_size=20) | st.integers() | st.none(), max_size=4
)


@given(st.lists(OBJECTS, max_size=20), st.none() | st.integers(0, 4), st.booleans())
def test_every_item_of_a_json_list_is_read_as_it_stands(
    objects: list[object], indent: int | None, is_ascii: bool
) -> None:
    file = io.BytesIO(json.dumps(objects, indent=indent, ensure_ascii=is_ascii).encode())

    items = list(read_items(file))

    assert objects == [json.loads(item.json) for item in items]
    assert all(b"\n" not in item.json for item in items)


@given(st.lists(OBJECTS, max_size=20))
def test_every_line_of_ndjson_is_an_item_with_its_number(objects: list[object]) -> None:
    file = io.BytesIO(b"\n\n".join(json.dumps(each).encode() for each in objects))

    items = list(read_items(file))

    assert [(2 * n + 1, each) for n, each in enumerate(objects)] == [
        (item.line, json.loads(item.json)) for item in items
    ]


def test_items_of_a_list_know_the_line_they_begin_at() -> None:
    file = io.BytesIO(b'\n[\n {"a": 1,\n  "b": 2},\n\n {"c": 3}, {"d": 4}\n]')

    lines = [item.line for item in read_items(file)]

    assert lines == [3, 6, 6]


def test_a_list_larger_than_the_window_is_read_whole() -> None:
    objects = [{"text": "ä" * 1000, "n": number} for number in range(500)]
    file = io.BytesIO(json.dumps(objects, ensure_ascii=False).encode())

    items = list(read_items(file))

    assert objects == [json.loads(item.json) for item in items]


def test_a_byte_order_mark_is_no_part_of_the_first_item() -> None:
    assert list(read_items(io.BytesIO(b'\xef\xbb\xbf{"a":1}\n'))) == [Item(1, b'{"a":1}')]


def test_an_empty_file_has_no_items() -> None:
    assert list(read_items(io.BytesIO(b" \n\n"))) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'[{"a": 1}\n', "line 2 .*comma or ]"),
        (b"[", "line 1 .*Expecting value"),
        (b'[{"a": 1} {"b": 2}]', "line 1 .*comma or ]"),
        (b'[\n{"a": 1},\n]', "line 3 .*comma before"),
        (b'[{"a": 1},\n{"b": oops}]', "line 2 .*Expecting value"),
        (b'[{"a": "\xff"}]', "line 1 .*not UTF-8"),
        (b'[{"a": 1}]\n[{"b": 2}]', "line 2 .*behind its ]"),
        (b'[{"a": 1}],{"b": 2}]', "line 1 .*behind its ]"),
        (b'[]\n\n{"a": 1}', "line 3 .*behind its ]"),
        (b'[{"a": 1},\n' + b"[" * 100_000, "line 2 .*nested too deep"),
    ],
)
def test_a_list_that_breaks_off_or_goes_on_is_refused_with_the_line(text: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        list(read_items(io.BytesIO(text)))


def test_a_line_longer_than_any_notification_is_refused() -> None:
    with pytest.raises(Invalid, match="Line 2 is longer"):
        list(read_items(io.BytesIO(b"{}\n" + b"x" * (3 * 1024 * 1024))))


def test_chunks_fit_into_one_call_and_lose_nothing() -> None:
    small = [Item(number, b"{}") for number in range(2 * MOST_ITEMS + 1)]
    large = [Item(number, b"x" * (MOST_BYTES // 3)) for number in range(5)]

    by_number, by_size = list(chunks(small)), list(chunks(large))

    assert [len(chunk) for chunk in by_number] == [MOST_ITEMS, MOST_ITEMS, 1]
    assert [item for chunk in by_number for item in chunk] == small
    assert [len(chunk) for chunk in by_size] == [3, 2]
