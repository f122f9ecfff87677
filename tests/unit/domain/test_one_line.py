import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.one_line import ends_of_line, flaw_in_line, may_end_line

ENDS = "\r\n\0\x0b\x0c\x1b\x7f\x85\u2028\u2029"


@pytest.mark.parametrize("character", ENDS)
def test_a_line_holds_nothing_that_some_reader_takes_for_its_end(character: str) -> None:
    assert flaw_in_line(f"a{character}b") is not None


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_a_line_holds_every_visible_character(words: str) -> None:
    assert flaw_in_line(words) is None


@pytest.mark.parametrize("character", ENDS)
@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_may_end_a_line_however_it_is_written(character: str, is_ascii: bool) -> None:
    assert may_end_line(json.dumps({"a": f"b{character}c"}, ensure_ascii=is_ascii).encode())


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize(
    "words", ["plain", "Zo\u00eb \u2013 \u201c\u4e2d\u6587\u201d \U0001f600", 'say "a\tb" \\ c']
)
def test_json_of_one_line_ends_none_however_it_is_written(words: str, is_ascii: bool) -> None:
    assert not may_end_line(json.dumps({"a": words}, ensure_ascii=is_ascii).encode())


def test_what_ends_a_line_is_pointed_at_under_the_names_that_are_read() -> None:
    data = {
        "name": "a\r\nb",
        "other": "c\nd",
        "order": {"title": "e\0f", "note": "g\nh", "size": 7},
        "list": ["i", {"x/y~z": "j\rk"}],
    }

    assert ends_of_line({"name", "order", "order.title", "list", "none"}, data) == {
        "/data/name",
        "/data/order/title",
        "/data/list/1/x~1y~0z",
    }
