"""Where something is in a JSON document."""

import pytest

from sendwell.domain.pointer import pointer_to


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [
        ((), ""),
        (("to", 0, "email"), "/to/0/email"),
        (("",), "/"),
        (("a/b~c", "~1"), "/a~1b~0c/~01"),
    ],
)
def test_a_pointer_leads_along_names_and_numbers(steps: tuple[object, ...], pointer: str) -> None:
    assert pointer_to(*steps) == pointer
