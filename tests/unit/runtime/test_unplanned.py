"""The mark stays below everything that is not planned."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.runtime.journal.unplanned import Unplanned


@given(st.lists(st.integers(1, 1_000), unique=True), st.data())
def test_the_mark_never_passes_what_is_open(positions: list[int], data: st.DataObject) -> None:
    unplanned = Unplanned(0)
    for position in sorted(positions):
        unplanned.add(position)
    finished = data.draw(
        st.lists(st.sampled_from(positions), unique=True) if positions else st.just([])
    )

    for position in finished:
        unplanned.finish([position])

    still_open = set(positions) - set(finished)
    assert all(unplanned.mark < position for position in still_open)
    assert len(unplanned) == len(still_open)
    if not still_open and positions:
        assert unplanned.mark == max(positions)
