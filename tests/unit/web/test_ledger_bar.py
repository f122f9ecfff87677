"""The ledger as a bar."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.web.ledger_bar import COLUMNS, WIDTH, bar_of

LEDGERS = st.dictionaries(st.sampled_from(COLUMNS), st.integers(0, 10**9), min_size=1)


@given(LEDGERS)
def test_the_pieces_fill_the_bar_without_gaps(ledger: dict[str, int]) -> None:
    pieces = bar_of(ledger)

    assert [piece.name for piece in pieces] == [name for name in COLUMNS if ledger.get(name)]
    if pieces:
        assert sum(piece.width for piece in pieces) == pytest.approx(WIDTH, abs=0.1)
        assert pieces[0].x == 0
    for one, following in pairwise(pieces):
        assert following.x == pytest.approx(one.x + one.width, abs=0.02)


def test_one_among_a_million_can_still_be_seen() -> None:
    _, failed = bar_of({"sent": 1_000_000, "failed": 1})

    assert failed.width > 5


def test_an_empty_ledger_has_no_bar() -> None:
    assert bar_of({"accepted": 0, "sent": 0}) == []
