"""Who may do what: every route by every role, scope, a person, the platform's and a test key.

The table in docs/explanation/who-may-do-what.md is what is asked for; SENDWELL_SNAPSHOT=write
writes it anew after a deliberate change.
"""

import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio

from sendwell.domain.permissions import (
    ADMINISTRATOR,
    LIVE_ONLY,
    ROLES,
    SCOPES,
    WITHIN_TENANT,
    Permission,
    Permissions,
    Role,
    needed,
    person_may,
)
from tests.acceptance.belongings import PASSWORD, Tenant, client_of, found
from tests.acceptance.product import ROOT, Product, running
from tests.acceptance.surface import Operation, surface

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = ROOT / "docs" / "explanation" / "who-may-do-what.md"
_TABLE = re.compile(r"(?<=<!-- begin: Routes -->\n\n).*?(?=\n\n<!-- end -->)", re.DOTALL)
_OWN = ("/api/v1/sessions", "/api/v1/people")
PLATFORM, TEST_KEY, PERSON = "platform key", "test key", "person"
ADA = {"/api/v1/users/{user_id}": "ada"}
BOB = {"/api/v1/users/{user_id}": "bob"}
CALLERS: Mapping[str, Permissions] = {
    **{role.value: may for role, may in ROLES.items()},
    TEST_KEY: WITHIN_TENANT - LIVE_ONLY,
    PLATFORM: ADMINISTRATOR,
}
"""The columns of the table; behind them stands what a person may do with what is their own."""


@dataclass
class World:
    """A product with one tenant, and a client of each caller."""

    product: Product
    surface: list[Operation]
    callers: Mapping[str, httpx2.AsyncClient]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("data")
    secret = {"SECRET_KEY": "a secret of 32 characters or more"}
    async with running(data, "--no-sample", environment=secret) as product:
        tenant = await found(product, data, "acme", name="Acme")
        credentials = {role.value: await signed_in(tenant, role) for role in Role}
        credentials |= {
            scope.value: (await tenant.post("/api-keys", {"name": "x", "scopes": [scope]}))["key"]
            for scope in SCOPES
        }
        made = await tenant.post("/api-keys", {"name": "x", "environment": "test"})
        credentials[TEST_KEY] = made["key"]
        credentials[PERSON] = await logged_in(tenant, "ada")
        await tenant.put("/users/bob", {"email": "bob@example.org"})
        credentials[PLATFORM] = (data / "platform-key").read_text().strip()
        callers = {name: client_of(product, each) for name, each in credentials.items()}
        guarded = [each for each in await surface(tenant.client) if is_guarded(each)]
        yield World(product, guarded, callers)
        for client in (tenant.client, *callers.values()):
            await client.aclose()


def is_guarded(operation: Operation) -> bool:
    """Whether who asks decides: not of routes for nobody yet, and of one's own session."""
    return not operation.is_open and not operation.path.startswith(_OWN)


async def signed_in(tenant: Tenant, role: Role) -> str:
    """The token of a new operator with that role."""
    email = f"{role}@example.org"
    card = {"email": email, "name": role, "role": role, "password": PASSWORD}
    await tenant.post("/operators", card)
    login = {"organization_id": tenant.id, "email": email, "password": PASSWORD}
    token: str = (await tenant.post("/sessions", login))["access_token"]
    return token


async def logged_in(tenant: Tenant, person: str) -> str:
    """The token of a new person."""
    await tenant.put(f"/users/{person}", {"email": f"{person}@example.org"})
    await tenant.put(f"/users/{person}/password", {"password": PASSWORD})
    login = {"organization_id": tenant.id, "user_id": person, "password": PASSWORD}
    token: str = (await tenant.post("/people/login", login))["access_token"]
    return token


def table_of(operations: list[Operation]) -> str:
    """What the code's own tables come to."""
    head = ["route", "scope", *CALLERS, PERSON]
    lines = [cells(head), cells(["---"] * len(head))]
    for each in operations:
        permission = needed(each.method, each.path)
        assert permission is not None, each
        marks = ["yes" if permission in may else "" for may in CALLERS.values()]
        marks.append("own" if person_may(each.method, each.filled(ADA), "ada") else "")
        scope = f"`{permission}`" if permission in SCOPES else ""
        lines.append(cells([f"`{each}`", scope, *marks]))
    return "\n".join(lines)


def cells(texts: list[str]) -> str:
    return "|" + "|".join(f" {text} " if text else " " for text in texts) + "|"


def told() -> dict[str, dict[str, str]]:
    """The page's table: for each route its cells by column."""
    found_ = _TABLE.search(PAGE.read_text())
    assert found_ is not None
    head, _, *lines = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in found_[0].splitlines()
    ]
    return {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}


async def test_the_page_tells_of_every_route_who_may_call_it(world: World) -> None:
    table = table_of(world.surface)
    if os.environ.get("SENDWELL_SNAPSHOT") == "write":
        PAGE.write_text(_TABLE.sub(lambda _: table, PAGE.read_text()))

    found_ = _TABLE.search(PAGE.read_text())

    assert found_ is not None
    assert table == found_[0]


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_role_gets_as_far_as_the_page_says(world: World, caller: str) -> None:
    expected = {route: bool(row[caller]) for route, row in told().items()}

    assert expected == await reached(world, caller)


@pytest.mark.parametrize("scope", sorted(SCOPES))
async def test_a_key_with_one_scope_gets_as_far_as_the_page_says(
    world: World, scope: Permission
) -> None:
    expected = {route: row["scope"] == scope for route, row in told().items()}

    assert expected == await reached(world, scope)


async def test_a_person_gets_at_what_is_their_own_as_the_page_says(world: World) -> None:
    expected = {route: bool(row[PERSON]) for route, row in told().items()}

    assert expected == await reached(world, PERSON, ADA)


async def test_a_person_gets_at_nothing_of_another_person(world: World) -> None:
    assert dict.fromkeys(told(), False) == await reached(world, PERSON, BOB)


async def reached(
    world: World, caller: str, ids: Mapping[str, str] | None = None
) -> dict[str, bool]:
    """Whether the caller is let through to each route; what is asked for there makes no sense."""
    client = world.callers[caller]
    return {
        str(each): (await each.ask(client, ids or {}, body={})).status_code != 403
        for each in world.surface
    }


async def test_what_is_ones_own_everybody_may_see(world: World) -> None:
    answers = {
        name: (await client.get("/api/v1/sessions/current")).status_code
        for name, client in world.callers.items()
        if name != PERSON
    }

    assert dict.fromkeys(answers, 200) == answers
