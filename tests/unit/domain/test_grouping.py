"""Things that belong together, in the order in which they came."""

from sendwell.domain.grouping import group


def test_groups_and_what_is_in_them_keep_their_order() -> None:
    groups = group(["bee", "ant", "bat", "asp", "cat"], by=lambda word: word[0])

    assert list(groups.items()) == [("b", ["bee", "bat"]), ("a", ["ant", "asp"]), ("c", ["cat"])]


def test_of_nothing_there_are_no_groups() -> None:
    assert group(list[str](), by=len) == {}
