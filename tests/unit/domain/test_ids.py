import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import (
    COUNTER_BITS,
    NODES,
    ChannelName,
    Part,
    next_position,
)

EMAIL = ChannelName("email")
numbers = st.integers(0, 10**6)
parts = st.builds(
    Part,
    numbers,
    st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True).map(ChannelName),
    numbers,
    numbers,
)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Part(0, EMAIL), "0.email"),
        (Part(3, ChannelName("push"), 7), "3.push.7"),
        (Part(0, EMAIL, 0, 2), "0.email.r2"),
        (Part(1, ChannelName("push"), 7, 2), "1.push.7.r2"),
    ],
)
def test_a_part_is_written_as_short_as_can_be(part: Part, text: str) -> None:
    assert text == str(part)
    assert part == Part.parse(text)


@given(parts)
def test_what_was_written_is_read_again(part: Part) -> None:
    assert part == Part.parse(str(part))


@given(parts, parts)
def test_two_deliveries_never_share_a_name(one: Part, other: Part) -> None:
    assert (one == other) == (str(one) == str(other))


@pytest.mark.parametrize(
    "text", ["", "1", "email", "x.email", "1.email.x", "1.email.rx", "1.email.1.2", "1.a.1.r2.3"]
)
def test_anything_else_is_no_part(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Part.parse(text)


def test_parts_are_ordered_by_recipient_first() -> None:
    assert [Part(0, EMAIL, 9), Part(1, EMAIL, 0)] == sorted([Part(1, EMAIL, 0), Part(0, EMAIL, 9)])


@given(
    st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, NODES - 1), st.integers(0, 2**20)
)
def test_positions_of_a_node_grow_even_when_the_clock_goes_back(
    before: int, after: int, node: int, steps: int
) -> None:
    first = next_position(steps, before, node)
    second = next_position(first, after, node)

    assert first < second
    assert {first % NODES, second % NODES} == {node}
    assert second >= after << COUNTER_BITS
