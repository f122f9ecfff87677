"""How a call becomes questions to a server."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.limiter.question import MOST_WANTED, questions
from sendwell.domain.limits import ALLOWED, Answer
from tests.conformance.limiters import NOW, a_demand

SIZES = st.lists(st.integers(0, 300) | st.integers(0, 1500), max_size=9)


def a_call(sizes: Sequence[int]) -> list[Sequence[str]]:
    """Demands with so many keys, half of which the next demand has as well."""
    return [
        [f"key:{n + size // 2 + place}" for place in range(size)] for n, size in enumerate(sizes)
    ]


@given(sizes=SIZES)
def test_questions_have_all_demands_in_order_and_no_more_keys_than_they_may(
    sizes: Sequence[int],
) -> None:
    call = a_call(sizes)

    asked = list(questions([a_demand(*keys) for keys in call]))

    read = [iter([each.keys[number - 1] for number in each.wanted]) for each in asked]
    told = [
        [next(keys) for _ in range(size)]
        for each, keys in zip(asked, read, strict=True)
        for size in each.sizes
    ]
    assert call == told
    assert all(len(each.wanted) <= MOST_WANTED or len(each.sizes) == 1 for each in asked)
    assert all(len(each.keys) == len(set(each.keys)) for each in asked)


@given(sizes=SIZES)
def test_there_are_no_more_questions_than_it_takes(sizes: Sequence[int]) -> None:
    asked = list(questions([a_demand(*keys) for keys in a_call(sizes)]))

    both = [len(one.wanted) + other.sizes[0] for one, other in pairwise(asked)]
    assert all(size > MOST_WANTED for size in both)


def test_what_is_refused_is_told_by_numbers_and_all_else_is_allowed() -> None:
    (question,) = questions([a_demand("a", "b"), a_demand("b"), (), a_demand("c", "a")])

    answers = question.answers([2, 2, NOW + 7, 4, 3, NOW + 9])

    assert [ALLOWED, Answer("b", NOW + 7), ALLOWED, Answer("c", NOW + 9)] == answers
