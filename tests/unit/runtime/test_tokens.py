"""Tokens while the secret that they are signed with is changed."""

from dataclasses import dataclass

import pytest

from sendwell.domain.errors import Denied
from sendwell.runtime.tokens import Purpose, Tokens

OLD, NEW = "an old secret of 32 characters or more", "a new secret of 32 characters or more"


@dataclass
class Hand:
    """A clock that is set by hand."""

    time: int = 1_795_000_000_000_000

    def now(self) -> int:
        return self.time

    def elapsed(self) -> float:
        return self.time / 1e6


def test_a_token_goes_on_while_the_secret_is_changed() -> None:
    clock = Hand()
    before, after = Tokens(OLD, clock), Tokens(NEW, clock, also=OLD)
    text = before.sign(Purpose.ACCESS, {"sub": "grace"}, seconds=60)

    assert after.read(Purpose.ACCESS, text)["sub"] == "grace"
    with pytest.raises(Denied):
        after.read(Purpose.REFRESH, text)
    with pytest.raises(Denied):
        Tokens(NEW, clock).read(Purpose.ACCESS, text)
    clock.time += 60_000_000
    with pytest.raises(Denied):
        after.read(Purpose.ACCESS, text)


def test_nothing_is_signed_with_the_secret_that_is_only_believed() -> None:
    text = Tokens(NEW, Hand(), also=OLD).sign(Purpose.ACCESS, {}, seconds=60)

    assert Tokens(NEW, Hand()).read(Purpose.ACCESS, text)
    with pytest.raises(Denied):
        Tokens(OLD, Hand()).read(Purpose.ACCESS, text)


def test_what_follows_from_a_token_stays_the_same_while_the_secret_is_changed() -> None:
    before, after = Tokens(OLD, Hand(), also=NEW), Tokens(NEW, Hand(), also=OLD)
    state = before.sign(Purpose.SIGN_IN, {}, seconds=60)

    nonces = {each.derive(Purpose.SIGN_IN, state, word="nonce") for each in (before, after)}

    assert len(nonces) == 1
    assert before.derive(Purpose.SIGN_IN, state, word="verifier") not in nonces
    with pytest.raises(Denied):
        Tokens(NEW, Hand()).derive(Purpose.SIGN_IN, state, word="nonce")
