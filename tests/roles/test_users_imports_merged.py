"""Files of which each line changes only what it gives."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.ports.database import Database
from tests.roles.imports_house import begin, counts, errors, lines, send
from tests.roles.users_house import PERSON, Role, a_role


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


async def merge(role: Role, *people: dict[str, Any]) -> tuple[int, int, int]:
    return counts(await send(role, await begin(role, "ndjson", mode="merge"), lines(*people)))


async def shown(role: Role, user: str = "ada") -> dict[str, Any]:
    document: dict[str, Any] = (await role.acme.get(f"/api/v1/users/{user}")).json()
    return {name: value for name, value in document.items() if not name.endswith("_at")}


async def test_a_line_that_is_merged_changes_only_what_it_gives(role: Role) -> None:
    await role.acme.put("/api/v1/users/ada", json=PERSON)
    before = await shown(role)

    done = await merge(
        role,
        {"user_id": "ada", "name": "Augusta", "attributes": {"plan": "basic", "since": 1843}},
        {"user_id": "eve", "locale": "en"},
    )

    assert done == (1, 1, 0)
    attributes = {**before["attributes"], "plan": "basic", "since": 1843}
    assert await shown(role) == {**before, "name": "Augusta", "attributes": attributes}
    assert (await shown(role, "eve"))["locale"] == "en"


async def test_what_a_merged_line_says_is_nothing_goes(role: Role) -> None:
    await role.acme.put("/api/v1/users/ada", json=PERSON)
    before = await shown(role)

    await merge(role, {"user_id": "ada", "phone": None, "timezone": None})

    assert await shown(role) == {**before, "phone": None, "timezone": None}


async def test_an_empty_cell_that_is_merged_changes_nothing(role: Role) -> None:
    await role.acme.put("/api/v1/users/ada", json=PERSON)
    before = await shown(role)

    answer = await send(
        role, await begin(role, mode="merge"), b"user_id,email,name\nada,,Augusta\n"
    )

    assert answer.json()["mode"] == "merge"
    assert await shown(role) == {**before, "name": "Augusta"}


async def test_a_merged_line_builds_on_those_before_it(role: Role) -> None:
    await merge(
        role,
        {"user_id": "ada", "attributes": {"a": 1, "b": 1}},
        {"user_id": "ada", "attributes": {"b": 2}, "email": "ada@example.org"},
        {"user_id": "ada", "attributes": {"c": 3}},
    )

    ada = await shown(role)
    assert (ada["attributes"], ada["email"]) == ({"a": 1, "b": 2, "c": 3}, "ada@example.org")


async def test_merging_a_file_twice_changes_nothing_more(role: Role) -> None:
    file: list[dict[str, Any]] = [
        {"user_id": "ada", "attributes": {"a": 1}},
        {"user_id": "ada", "name": "Ada"},
    ]
    await merge(role, *file)
    once = await shown(role)

    assert await merge(role, *file) == (0, 2, 0)
    assert await shown(role) == once


async def test_attributes_do_not_grow_without_end_by_merging(role: Role) -> None:
    large = "x" * 9_000
    id_ = await begin(role, "ndjson", mode="merge")

    answer = await send(
        role,
        id_,
        lines(
            {"user_id": "ada", "attributes": {"a": large}},
            {"user_id": "ada", "attributes": {"b": large}},
            {"user_id": "ada", "name": "Ada"},
        ),
    )

    assert counts(answer) == (1, 1, 1)
    ((line, field, why),) = await errors(role, id_)
    assert (line, field) == (2, "attributes")
    assert "16 KiB" in why
    ada = await shown(role)
    assert (list(ada["attributes"]), ada["name"]) == (["a"], "Ada")
