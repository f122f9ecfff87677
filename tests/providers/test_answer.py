import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.outcome import Blame, Refused, Unknown
from sendwell.ports.answer import LONGEST_WORDS, parsed, undocumented, words
from sendwell.ports.http import HttpAnswer


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Try again later.", "Try again later."),
        ("550 5.1.1 <ada@example.org>: unknown", "550 5.1.1 <(…)>: unknown"),
        ("The 'To' number +1 (500) 555-0001 is wrong", "The 'To' number (…) is wrong"),
        ("no device " + "aZ09:_-" * 20, "no device (…)"),
        ("two\r\nlines\x00 and\ttabs", "two lines and tabs"),
        ("code 21211 at 12:30", "code 21211 at 12:30"),
    ],
)
def test_a_vendors_words_come_without_addresses_on_one_line(said: str, kept: str) -> None:
    assert kept == words(said)


@given(st.text(), st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.example", fullmatch=True))
def test_no_words_are_long_or_hold_an_address(around: str, address: str) -> None:
    said = words(f"{around} {address} {around}")

    assert address not in said
    assert len(said) <= LONGEST_WORDS


@given(st.binary())
def test_parsing_raises_nothing(body: bytes) -> None:
    assert parsed(body, dict[str, int]) is None or body.strip().startswith(b"{")


def test_a_body_that_is_too_deep_is_no_answer() -> None:
    assert parsed(b"[" * 100_000, list[object]) is None


@pytest.mark.parametrize("status", [200, 204, 206])
def test_a_strange_success_may_have_been_one(status: int) -> None:
    outcome = undocumented(HttpAnswer(status, {}, b""), "Acme")

    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("status", [302, 400, 404, 418])
def test_any_other_strange_answer_is_a_matter_of_the_account(status: int) -> None:
    outcome = undocumented(HttpAnswer(status, {}, b""), "Acme")

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ACCOUNT
