"""Tenants, and the key of whoever runs the platform."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.roles.accounts_house import House, a_house, pointers

TENANTS = "/api/v1/tenants"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def test_a_new_tenant_has_two_environments_and_a_key(house: House) -> None:
    acme = await house.found()

    listed = (await house.platform.get(TENANTS)).json()["data"]

    assert [("acme", "live", False), ("acme.test", "test", True)] == [
        (each["id"], each["environment"], each["sandboxed"]) for each in listed
    ]
    assert (await acme.get("/api/v1/operators")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"id": "acme.test", "name": "x"}, 400, "/id"),
        ({"id": "Acme", "name": "x"}, 400, "/id"),
        ({"id": "../x", "name": "x"}, 400, "/id"),
        ({"id": "x" * 59, "name": "x"}, 400, "/id"),
        ({"id": "new", "name": "x", "is_sandboxed": False}, 400, "/is_sandboxed"),
        ({"id": "new", "name": "x", "rules": {}}, 400, "/rules"),
        ({"id": "acme", "name": "x"}, 409, None),
        ({"id": "platform", "name": "x"}, 409, None),
        ({"id": "sample", "name": "x"}, 409, None),
    ],
)
async def test_what_cannot_be_a_tenant_is_refused(
    house: House, body: dict[str, Any], status: int, pointer: str | None
) -> None:
    await house.found()

    answer = await house.platform.post(TENANTS, json=body)

    assert answer.status_code == status
    assert pointer is None or {pointer} == pointers(answer)


async def test_no_tenants_key_or_owner_sees_tenants(house: House) -> None:
    acme = await house.found()
    owner = await house.signed_in()

    answers = [
        await each.request(method, path, json={"id": "new", "name": "x"})
        for each in (acme, owner)
        for method, path in (("GET", TENANTS), ("POST", TENANTS), ("GET", f"{TENANTS}/acme"))
    ]

    assert [403] * 6 == [each.status_code for each in answers]


async def test_the_platforms_key_sees_no_tenants_things(house: House) -> None:
    await house.found()

    paths = ("/api/v1/operators", "/api/v1/rules/priorities")
    answers = [await house.platform.get(path) for path in paths]

    assert [403, 403] == [each.status_code for each in answers]
    assert (await house.platform.get(f"{TENANTS}/platform")).status_code == 404
