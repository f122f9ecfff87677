"""Everything accepted is somewhere."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ledger import balance
from sendwell.domain.lifecycle import FINAL, OPEN, State

COUNTS = st.integers(0, 1_000)


@given(
    st.dictionaries(st.sampled_from(sorted(OPEN)), COUNTS),
    st.dictionaries(st.sampled_from(sorted(FINAL)), COUNTS),
)
def test_it_adds_up_exactly_when_nothing_is_missing(
    work: dict[State, int], ended: dict[State, int]
) -> None:
    planned = sum(work.values()) + sum(ended.values())

    assert balance(planned, work, ended).difference == 0
    assert balance(planned + 1, work, ended).difference == 1


def test_dead_and_bounced_count_as_failed_and_complained_as_delivered() -> None:
    ended = {State.DEAD: 1, State.BOUNCED: 2, State.COMPLAINED: 3, State.DELIVERED: 4}

    ledger = balance(10, {}, ended)

    assert (ledger.failed, ledger.delivered) == (3, 7)
