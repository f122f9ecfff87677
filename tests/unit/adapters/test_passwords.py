"""Hashes of passwords, against vectors of others."""

import asyncio
from collections.abc import Callable

import pytest

from sendwell.adapters.passwords.argon2id import Argon2id
from sendwell.adapters.passwords.bcrypt import Bcrypt
from sendwell.adapters.passwords.hasher import SlowPasswords
from sendwell.adapters.passwords.scheme import Scheme
from sendwell.domain.errors import Unavailable


def a_bcrypt(cost: int = 4) -> Bcrypt:
    return Bcrypt(cost=cost)


SCHEMES: dict[str, Callable[[], Scheme]] = {
    "bcrypt": a_bcrypt,
    "argon2id": lambda: Argon2id(memory_kib=8, passes=1),
}


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return SCHEMES[request.param]()


@pytest.mark.parametrize("length", [0, 1, 71, 72, 73, 4096])
def test_only_the_very_password_is_right(scheme: Scheme, length: int) -> None:
    password = "x" * length
    stored = scheme.hash(password)

    assert scheme.is_right(password, stored)
    assert not scheme.is_right(f"{password}x", stored)
    assert not scheme.is_right(f"{password}\0", stored)
    assert length == 0 or not scheme.is_right(password[:-1], stored)


def test_the_same_password_never_has_the_same_hash(scheme: Scheme) -> None:
    assert scheme.hash("password") != scheme.hash("password")


def test_a_hash_knows_its_kind_and_cost(scheme: Scheme) -> None:
    others: list[Scheme] = [a_bcrypt(5), Argon2id(memory_kib=16, passes=1)]
    stored = scheme.hash("password")

    assert scheme.is_current(stored)
    assert [False, False] == [other.is_current(stored) for other in others]


@pytest.mark.parametrize(
    ("password", "stored"),
    [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    ],
)
def test_hashes_of_other_systems_are_understood(password: str, stored: str) -> None:
    assert a_bcrypt().is_right(password, stored)


@pytest.mark.parametrize("stored", ["", "*0", "$2b$04$short", "$argon2id$v=19$broken", "plain"])
def test_what_is_no_hash_is_never_right(scheme: Scheme, stored: str) -> None:
    assert not scheme.is_right("password", stored)


async def test_who_is_not_there_is_never_right() -> None:
    passwords = SlowPasswords([Argon2id(memory_kib=8, passes=1)])

    assert not await passwords.is_right("nobody's password", None)
    assert not await passwords.is_right("password", "of an unknown kind")


async def test_when_too_many_wait_the_next_is_told_to_come_later() -> None:
    passwords = SlowPasswords([Argon2id(memory_kib=1024, passes=2)])

    results = await asyncio.gather(
        *(passwords.hash("password") for _ in range(80)), return_exceptions=True
    )

    assert 16 == sum(isinstance(each, Unavailable) for each in results)
