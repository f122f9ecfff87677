"""A page of a list, and the way to the next one."""

import pytest

from sendwell.runtime.server.paging import cut_page


@pytest.mark.parametrize(
    ("found", "shown", "cursor"), [("", "", None), ("ab", "ab", None), ("abc", "ab", "<b>")]
)
def test_a_page_is_cut_behind_the_last_that_is_shown(
    found: str, shown: str, cursor: str | None
) -> None:
    assert (shown, cursor) == cut_page(found, 2, cursor=lambda last: f"<{last}>")
