"""How deep JSON is nested, whatever its strings hold."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.messages.wire.depth import is_deeper

TEXTS = st.text('[]{}"\\,:a\n', max_size=8)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.none()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXTS, inner)),
    max_leaves=40,
)


def depth(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
        case _:
            return 0


@given(VALUES, st.integers(0, 6))
def test_it_is_deeper_than_fewer_levels_than_it_has(value: object, levels: int) -> None:
    assert (depth(value) > levels) == is_deeper(json.dumps(value).encode(), levels)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * 330_000 + b"[]]",
        b"[" * 33 + b"]" * 33 + b'["' + b'","' * 330_000,
        b"[" + b'{"":[]},' * 120_000 + b"[]]",
        b"[" + (b"[" * 30 + b"]" * 30 + b",") * 16_000 + b"[]]",
        b'[[[["\\"]"]]]]' * 80_000,
        b"\\" * 1_000_000 + b"[" * 33,
        b'"' * 1_000_000 + b"[" * 33,
    ],
)
def test_a_megabyte_takes_no_time(body: bytes) -> None:
    began = time.process_time()

    is_deeper(body, 32)

    assert time.process_time() - began < 0.3
