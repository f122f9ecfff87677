"""Push tokens by API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendwell.ports.database import Database
from tests.roles.users_house import (
    ACME,
    ADA,
    BOB,
    HERE,
    PERSON,
    PUSH,
    Role,
    a_role,
    a_token,
    pointers,
    the_person,
)


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


async def test_a_token_keeps_its_number_and_shows_only_its_beginning(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    first = await role.acme.post(f"{HERE}/tokens", json={"token": "abcdefghijklmnop"})

    again = await role.acme.post(
        f"{HERE}/tokens", json={"token": "abcdefghijklmnop", "platform": "ios"}
    )

    tokens = (await role.acme.get(HERE)).json()["tokens"]
    assert (first.status_code, again.status_code) == (201, 200)
    assert [(t["number"], t["token"], t["platform"]) for t in tokens] == [(1, "abcdef…", "ios")]
    assert f"{HERE}/tokens/1" == first.headers["location"]


async def test_a_short_token_is_not_shown_whole(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)

    assert (await a_token(role, "abcd"))["token"] == "ab…"


async def test_a_deleted_tokens_number_is_not_used_again(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "first-token")

    deleted = await role.acme.delete(f"{HERE}/tokens/1")

    person = await the_person(role.users)
    assert deleted.status_code == 204
    assert person is not None
    assert PUSH not in person.addresses
    assert (await role.acme.delete(f"{HERE}/tokens/1")).status_code == 404
    assert (await a_token(role, "first-token"))["number"] == 2


async def test_a_token_belongs_to_the_person_who_came_last(role: Role) -> None:
    for user in ("ada", "bob"):
        await role.acme.put(f"/api/v1/users/{user}", json={})
    await a_token(role, "of-one-phone", "ada")
    await role.users.people(ACME, [ADA, BOB])

    await a_token(role, "of-one-phone", "bob")

    people = await role.users.people(ACME, [ADA, BOB])
    assert PUSH not in people[ADA].addresses
    assert people[BOB].addresses[PUSH] == {1: "of-one-phone"}


async def test_two_tenants_may_have_the_same_token(role: Role) -> None:
    for client in (role.acme, role.other):
        await client.put(HERE, json={})
        await client.post(f"{HERE}/tokens", json={"token": "of-one-phone"})

    for client in (role.acme, role.other):
        assert len((await client.get(HERE)).json()["tokens"]) == 1


async def test_of_very_many_tokens_the_one_seen_longest_ago_goes(role: Role) -> None:
    await role.acme.put(HERE, json={})
    for number in range(50):
        await a_token(role, f"token-{number}")
    await a_token(role, "token-0")

    await a_token(role, "token-50")

    person = await the_person(role.users)
    assert person is not None
    assert {1, *range(3, 52)} == person.addresses[PUSH].keys()


@pytest.mark.parametrize("token", ["", "with space", "a\nb", "x" * 4097, None, 1])
async def test_a_wrong_token_is_refused(role: Role, token: object) -> None:
    await role.acme.put(HERE, json={})

    answer = await role.acme.post(f"{HERE}/tokens", json={"token": token})

    assert answer.status_code == 400
    assert {"/token"} == pointers(answer)


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999"])
async def test_a_number_that_no_token_can_have_is_refused(role: Role, number: str) -> None:
    assert (await role.acme.delete(f"{HERE}/tokens/{number}")).status_code == 400
