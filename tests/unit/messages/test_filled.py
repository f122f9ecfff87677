"""Copies of a request that name some of its recipients only become one that names them all."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.messages.emptied import emptied
from sendwell.messages.filled import filled, lacks
from sendwell.messages.requested import Requested, To
from tests.unit.messages.builders import a_request, requests

NOBODY = To()
PEOPLE = tuple(To(email=f"person{number}@example.org") for number in range(3))
WHOLE = a_request(to=PEOPLE)


def naming(*places: int) -> Requested:
    """The request as it travels with tasks for those."""
    return a_request(to=tuple(to if n in places else NOBODY for n, to in enumerate(PEOPLE)))


def test_each_copy_adds_those_that_it_names() -> None:
    assert naming(0, 2) == filled(naming(0), naming(2))
    assert filled(filled(naming(0), naming(2)), naming(1)) == WHOLE
    assert filled(naming(1), WHOLE) == WHOLE


def test_a_copy_that_names_them_all_stays_as_it_is() -> None:
    assert filled(WHOLE, naming(1)) is WHOLE
    assert filled(WHOLE, a_request(to=PEOPLE[:1])) is WHOLE


def test_a_copy_that_does_not_know_how_many_there_are_grows() -> None:
    assert filled(a_request(to=PEOPLE[:1]), naming(2)) == naming(0, 2)


@given(requests(), st.data())
def test_who_was_erased_is_not_named_again(request: Requested, data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(request.to) - 1), min_size=1))
    left = emptied(request, gone)

    assert filled(left, request) == left
    assert not any(lacks(left, place) for place in gone)


def test_only_whom_a_copy_does_not_name_it_lacks() -> None:
    assert [True, False, True, True] == [lacks(naming(1), place) for place in range(4)]
