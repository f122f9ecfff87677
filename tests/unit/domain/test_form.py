from collections.abc import Callable

import pytest

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.form import Form


def test_a_right_document_is_read_without_a_flaw() -> None:
    form = Form({"names": ["a", "b"], "is_on": True})

    members = dict(form.members(("names", "is_on")))
    names = [item.text() for item in members["names"].items()]
    form.refuse_if_flawed("never said")

    assert names == ["a", "b"]
    assert members["is_on"].flag() is True


def test_pointers_are_escaped_as_in_rfc_6901() -> None:
    (_, member), = Form({"a/b~c": {"d": 1}}).members()  # fmt: skip
    (_, inner), = member.members()  # fmt: skip

    assert inner.pointer == "/a~1b~0c/d"


def test_an_unknown_member_is_noted_and_left_out() -> None:
    form = Form({"old": 1, "new": 2})

    read = [name for name, _ in form.members(("new",))]

    assert read == ["new"]
    assert [Flaw("/old", "There is no such field. Known are new.")] == form.flaws


@pytest.mark.parametrize(
    ("read", "wanted"),
    [
        (lambda form: list(form.members()), "an object"),
        (lambda form: list(form.items()), "a list"),
        (Form.text, "a string"),
        (Form.flag, "true or false"),
    ],
)
def test_a_wrong_type_is_noted_and_reads_as_nothing(
    read: Callable[[Form], object], wanted: str
) -> None:
    form = Form(1, "/here")

    assert not read(form)
    assert [Flaw("/here", f"This must be {wanted}.")] == form.flaws


def test_what_the_domain_refuses_is_pointed_at_within_the_document() -> None:
    form = Form(None, "/rule")

    form.adopt(Invalid("no", flaws=[Flaw("/pattern", "why"), Flaw("", "whole")]))

    assert [Flaw("/rule/pattern", "why"), Flaw("/rule", "whole")] == form.flaws


def test_flaws_anywhere_in_the_document_refuse_all_of_it() -> None:
    form = Form({"a": 1, "b": 2})
    for _, member in form.members():
        member.note("wrong")

    with pytest.raises(Invalid, match="not this") as refusal:
        form.refuse_if_flawed("not this")

    assert tuple(flaw.pointer for flaw in refusal.value.flaws) == ("/a", "/b")
