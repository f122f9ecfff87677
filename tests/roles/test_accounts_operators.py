"""Operators: who may do what, to whom."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.permissions import ROLES, Permission, Role, needed
from tests.roles.accounts_house import PASSWORD, House, a_house, pointers

OPERATORS = "/api/v1/operators"
KEYS = "/api/v1/api-keys"
NOBODY = "0" * 32
ALAN = {"email": "alan@example.org", "name": "Alan", "role": "viewer", "password": PASSWORD}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        await house.found()
        yield house


def operations(house: House) -> list[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = house.app.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_do_what_the_table_says_and_nothing_else(house: House, role: Role) -> None:
    client = await house.operator(role)
    wrong = []

    for method, path in operations(house):
        permission = needed(method, path)
        if permission is None or path.startswith("/api/v1/oauth"):
            continue
        where = path.format(operator_id=NOBODY, key_id="x" * 12, tenant_id="acme")
        answer = await client.request(method, where, json={})
        if (answer.status_code != 403) != (permission in ROLES[role]):
            wrong.append((method, path, answer.status_code))

    assert wrong == []


async def test_every_route_of_the_role_stands_in_the_table(house: House) -> None:
    unlisted = [
        (method, path)
        for method, path in operations(house)
        if needed(method, path) is Permission.UNLISTED
    ]

    assert [("POST", "/api/v1/oauth/token")] == unlisted


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**ALAN, "organization_id": "other"}, "/organization_id"),
        ({**ALAN, "tenant": "other"}, "/tenant"),
        ({**ALAN, "id": NOBODY}, "/id"),
        ({**ALAN, "generation": 7}, "/generation"),
        ({**ALAN, "created_at": "2020-01-01T00:00:00Z"}, "/created_at"),
        ({**ALAN, "role": "emperor"}, "/role"),
        ({**ALAN, "email": "no address"}, "/email"),
        ({**ALAN, "password": "short"}, "/password"),
        ({**ALAN, "name": "line\nbreak"}, "/name"),
    ],
)
async def test_fields_that_are_not_to_be_set_are_refused(
    house: House, body: dict[str, Any], pointer: str
) -> None:
    owner = await house.signed_in()

    answer = await owner.post(OPERATORS, json=body)

    assert answer.status_code == 400
    assert {pointer} == pointers(answer)


async def test_an_admin_makes_no_owner_and_touches_none(house: House) -> None:
    admin, owner = await house.operator(Role.ADMIN), await house.signed_in()
    grace = owner.tokens["operator"]["id"]
    appoints = await admin.post(OPERATORS, json={**ALAN, "role": "owner"})
    promotes = await admin.patch(f"{OPERATORS}/{admin.id}", json={"role": "owner"})
    degrades = await admin.patch(f"{OPERATORS}/{grace}", json={"role": "viewer"})
    takes_over = await admin.put(f"{OPERATORS}/{grace}/password", json={"password": PASSWORD})
    usual = await admin.post(OPERATORS, json=ALAN)

    refused = [appoints, promotes, degrades, takes_over]
    assert [403] * 4 == [each.status_code for each in refused]
    assert usual.status_code == 201


async def test_an_admin_makes_no_owner_by_a_key_either(house: House) -> None:
    admin = await house.operator(Role.ADMIN)
    (first,) = (await admin.get(KEYS)).json()["data"]
    everything = await admin.post(KEYS, json={"name": "k"})
    writes_operators = await admin.post(KEYS, json={"name": "k", "scopes": ["operators:write"]})
    renews = await admin.post(f"{KEYS}/{first['id']}/rotate")
    usual = await admin.post(KEYS, json={"name": "k", "scopes": ["people:write"]})
    for_tests = await admin.post(KEYS, json={"name": "k", "environment": "test"})
    again = [await admin.post(f"{KEYS}/{each.json()['id']}/rotate") for each in (usual, for_tests)]
    revokes = await admin.delete(f"{KEYS}/{first['id']}")

    refused = [everything, writes_operators, renews]
    assert [400, 400, 403] == [each.status_code for each in refused]
    assert pointers(everything) | pointers(writes_operators) == {"/scopes", "/scopes/0"}
    assert [201] * 4 == [each.status_code for each in (usual, for_tests, *again)]
    assert revokes.status_code == 204


async def test_an_owner_makes_keys_that_make_owners(house: House) -> None:
    owner = await house.signed_in()
    mighty = house.client((await owner.post(KEYS, json={"name": "k"})).json()["key"])

    answer = await mighty.post(OPERATORS, json={**ALAN, "role": "owner"})

    assert answer.status_code == 201


@pytest.mark.parametrize("body", [{"role": "admin"}, {"disabled": True}])
async def test_the_last_owner_stays(house: House, body: dict[str, Any]) -> None:
    owner = await house.signed_in()
    grace = owner.tokens["operator"]["id"]

    answer = await owner.patch(f"{OPERATORS}/{grace}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")


async def test_an_address_has_one_operator(house: House) -> None:
    owner = await house.signed_in()
    await owner.post(OPERATORS, json=ALAN)

    again = await owner.post(OPERATORS, json={**ALAN, "email": "ALAN@example.org"})

    assert (again.status_code, again.json()["code"]) == (409, "operator_exists")


async def test_another_tenants_operators_are_not_there(house: House) -> None:
    other, owner = await house.found("other"), await house.signed_in()
    grace = owner.tokens["operator"]["id"]
    (theirs,) = (await other.get(OPERATORS)).json()["data"]

    answers = [
        await owner.get(f"{OPERATORS}/{theirs['id']}"),
        await owner.patch(f"{OPERATORS}/{theirs['id']}", json={"name": "x"}),
        await other.get(f"{OPERATORS}/{grace}"),
        await other.put(f"{OPERATORS}/{grace}/password", json={"password": PASSWORD}),
    ]

    assert [404] * 4 == [each.status_code for each in answers]
    assert [theirs["id"]] == [each["id"] for each in (await other.get(OPERATORS)).json()["data"]]


async def test_nothing_of_a_password_is_ever_shown(house: House) -> None:
    owner = await house.signed_in()

    text = (await owner.get(OPERATORS)).text

    assert PASSWORD not in text
    assert "argon2" not in text


async def test_what_is_personal_stands_in_the_envelope_only(house: House, tmp_path: Path) -> None:
    await house.database.close()

    raw = (tmp_path / "accounts.sqlite").read_bytes()

    assert raw.count(b"grace@example.org") == raw.count(b'{"email":"grace@example.org"')
    assert PASSWORD.encode() not in raw
