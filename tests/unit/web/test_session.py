"""Sessions: sealed, limited in time, and with forms of their own."""

from dataclasses import dataclass

import pytest

from sendwell.web.session import LIFETIME, Sessions

SECRET = "a secret of 32 characters or more"


@dataclass
class Hand:
    """A clock that is set by hand."""

    time: int = 1_795_000_000_000_000

    def now(self) -> int:
        return self.time

    def elapsed(self) -> float:
        return self.time / 1e6


def test_what_was_sealed_is_opened() -> None:
    sessions = Sessions(SECRET, Hand())
    session = sessions.start("sw_key")

    assert sessions.open(sessions.seal(session)) == session


def test_a_session_ends_after_twelve_hours() -> None:
    clock = Hand()
    sessions = Sessions(SECRET, clock)
    sealed = sessions.seal(sessions.start("sw_key"))

    clock.time += int(LIFETIME.total_seconds() * 1e6) - 1
    before = sessions.open(sealed)
    clock.time += 1

    assert before is not None
    assert sessions.open(sealed) is None


def test_two_seals_of_one_session_tell_nothing_of_each_other() -> None:
    sessions = Sessions(SECRET, Hand())
    session = sessions.start("sw_key")

    assert sessions.seal(session) != sessions.seal(session)


def test_a_seal_of_another_secret_is_not_opened() -> None:
    ours, theirs = Sessions(SECRET, Hand()), Sessions(f"{SECRET}!", Hand())

    assert ours.open(theirs.seal(theirs.start("sw_key"))) is None


def test_a_session_goes_on_while_the_secret_is_changed() -> None:
    before = Sessions(SECRET, Hand())
    session = before.start("sw_key")
    sealed, token = before.seal(session), before.form_token(session)

    after = Sessions(f"{SECRET}!", Hand(), also=SECRET)

    assert after.open(sealed) == session
    assert after.is_form_token(session, token)
    assert after.is_form_token(session, after.form_token(session))
    assert Sessions(f"{SECRET}!", Hand()).open(after.seal(session)) == session
    assert not Sessions(f"{SECRET}!", Hand()).is_form_token(session, token)


@pytest.mark.parametrize("place", [0, 1, 15, 16, 40, -1])
def test_a_changed_seal_is_not_opened(place: int) -> None:
    sessions = Sessions(SECRET, Hand())
    sealed = sessions.seal(sessions.start("sw_key"))
    other = "B" if sealed[place] != "B" else "C"

    changed = f"{sealed[:place]}{other}{sealed[place:][1:]}"

    assert sessions.open(changed) is None


@pytest.mark.parametrize("text", [None, "", "A", "\u00e4", "AAAA", "A" * 40, "A" * 5_000, "~~~~"])
def test_what_is_no_seal_is_not_opened(text: str | None) -> None:
    assert Sessions(SECRET, Hand()).open(text) is None


def test_a_form_token_is_of_one_session_only() -> None:
    sessions = Sessions(SECRET, Hand())
    one, other = sessions.start(), sessions.start()

    token = sessions.form_token(one)

    assert sessions.is_form_token(one, token)
    assert not sessions.is_form_token(other, token)
    assert not sessions.is_form_token(one, "")
    assert not sessions.is_form_token(one, "\u00e4")
