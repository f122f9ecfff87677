"""What is said of a field that there is not."""

import pytest

from sendwell.domain.unknown_field import no_such_field

MANY = ("user_id", "to", "channel", "channels", *(f"other_{letter}" for letter in "abcdefghijk"))


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("old", ("new", "newer"), "There is no such field. Known are new, newer."),
        ("userId", MANY, "There is no such field; perhaps user_id is meant."),
        ("user", MANY, "There is no such field; perhaps user_id is meant."),
        ("chanel", MANY, "There is no such field; perhaps channel is meant."),
        ("colour", MANY, "There is no such field."),
        ("user_id" * 1_000, MANY, "There is no such field."),
        ("old", (), "There is no such field."),
    ],
)
def test_few_fields_are_named_and_of_many_the_one_that_is_most_like_it(
    name: str, known: tuple[str, ...], said: str
) -> None:
    assert said == no_such_field(name, known)
