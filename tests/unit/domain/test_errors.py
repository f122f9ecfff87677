from datetime import timedelta

import pytest

from sendwell.domain.errors import (
    Conflict,
    Denied,
    Flaw,
    Invalid,
    NotFound,
    SendwellError,
    TooLarge,
    Unavailable,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Invalid, "invalid"),
        (TooLarge, "too_large"),
        (Conflict, "conflict"),
        (NotFound, "not_found"),
        (Denied, "denied"),
        (Unavailable, "unavailable"),
    ],
)
def test_every_kind_has_a_code_for_machines_and_words_for_people(
    kind: type[SendwellError], code: str
) -> None:
    error = kind("It is so.")

    assert (code, "It is so.", "It is so.", ()) == (
        error.code,
        error.message,
        str(error),
        error.flaws,
    )


def test_an_error_may_have_a_code_of_its_own_without_changing_its_kind() -> None:
    error = Invalid("It is so.", code="missing_variable")

    assert error.code == "missing_variable"
    assert Invalid("It is so.").code == "invalid"


def test_flaws_are_kept_in_order() -> None:
    flaws = [Flaw("/b", "one"), Flaw("/a", "two")]

    assert tuple(flaws) == Invalid("It is so.", flaws=flaws).flaws


def test_what_is_too_large_is_invalid() -> None:
    assert issubclass(TooLarge, Invalid)


def test_who_is_unknown_is_told_from_who_may_not() -> None:
    assert [Denied("no", is_unknown=True).is_unknown, Denied("no").is_unknown] == [True, False]


def test_who_comes_at_a_bad_time_is_told_when_to_come_back() -> None:
    flood = Unavailable("later", retry_after=timedelta(seconds=7), is_too_many=True)
    usual = Unavailable("later")

    assert (timedelta(seconds=7), True) == (flood.retry_after, flood.is_too_many)
    assert (timedelta(seconds=1), False) == (usual.retry_after, usual.is_too_many)
