"""Passwords, and what bcrypt sees of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.passwords import bcrypt_input, check_password


@pytest.mark.parametrize("password", ["", "1234567", "x" * 4097, "é" * 2049])
def test_what_is_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_password(password)

    assert ["/password"] == [flaw.pointer for flaw in refusal.value.flaws]


@pytest.mark.parametrize("password", ["12345678", "x" * 4096, "eight é ✓", "\0" * 8])
def test_any_characters_will_do(password: str) -> None:
    check_password(password)


def test_up_to_72_bytes_bcrypt_sees_the_password_itself() -> None:
    assert bcrypt_input("x" * 72) == b"x" * 72


@given(st.text(max_size=200))
def test_bcrypt_never_gets_more_than_it_reads(password: str) -> None:
    seen = bcrypt_input(password)

    assert len(seen) <= 72
    assert b"\0" not in seen


@given(st.text(min_size=60, max_size=100), st.text(min_size=1, max_size=5))
def test_what_comes_behind_72_bytes_or_a_nul_makes_a_difference(begin: str, end: str) -> None:
    assert bcrypt_input(begin) != bcrypt_input(begin + end)
    assert bcrypt_input(begin) != bcrypt_input(f"{begin}\0{end}")
