"""Templates and versions are listed on either kind of database, wherever the cursor came from."""

from collections.abc import AsyncIterator

import pytest

from sendwell.runtime.server.paging import cursor_of
from tests.roles.databases import EITHER, either
from tests.roles.templates_house import HERE, WELCOME, Role, a_role_on, a_template, a_version


@pytest.fixture(params=EITHER)
async def role(request: pytest.FixtureRequest) -> AsyncIterator[Role]:
    async with either(request) as database, a_role_on(database) as role:
        yield role


async def test_versions_are_listed_page_by_page(role: Role) -> None:
    await a_template(role)
    await a_version(role, "Second")

    first = await role.acme.get(f"{WELCOME}/versions?limit=1")
    second = await role.acme.get(first.links["next"]["url"])

    assert [[2], [1]] == [
        [each["version"] for each in page.json()["data"]] for page in (first, second)
    ]


async def test_a_cursor_of_a_longer_list_is_none_of_versions(role: Role) -> None:
    await a_template(role)

    versions = await role.acme.get(f"{WELCOME}/versions", params={"cursor": cursor_of(2**62)})
    templates = await role.acme.get(HERE, params={"cursor": cursor_of(2**62)})

    assert (versions.status_code, templates.status_code) == (400, 200)
    assert [flaw["pointer"] for flaw in versions.json()["errors"]] == ["/query/cursor"]
