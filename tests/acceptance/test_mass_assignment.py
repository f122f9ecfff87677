"""Nobody becomes somebody else, or more, by a member, parameter or header that is not theirs."""

from collections.abc import AsyncIterator, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.acceptance.belongings import Tenant, found
from tests.acceptance.product import running
from tests.acceptance.strangers import stable
from tests.acceptance.surface import FORM, JSON, operations

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "the-other"
PLANTED: Mapping[str, Any] = {
    "tenant": OTHER,
    "tenant_id": OTHER,
    "organization": OTHER,
    "organization_id": OTHER,
    "organizationId": OTHER,
    "role": "owner",
    "roles": ["owner"],
    "permissions": ["tenants:write"],
    "scopes": ["tenants:write"],
    "is_admin": True,
    "is_sandboxed": False,
    "is_disabled": False,
    "is_verified": True,
    "verified_at": "2020-01-01T00:00:00Z",
    "status": "DELIVERED",
    "state": "DELIVERED",
    "environment": "live",
    "id": "planted",
    "key_id": "planted",
    "hash": "planted",
    "password_hash": "planted",
    "generation": 1,
    "created_by": "planted",
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "__proto__": {"role": "owner"},
}
"""What only we decide, by the names it might have."""
FREE = {"PUT /api/v1/rules/channels", "PUT /api/v1/rules/routing"}
"""A list of channels, and one value for each channel: no members of a fixed name."""
TENANT = ("tenant", "tenant_id", "organization", "organization_id", "organizationId")
HEADERS = ("X-Tenant-Id", "X-Organization-Id", "X-Forwarded-User", "X-User-Id", "X-Role")


@dataclass
class World:
    """A product with two tenants; ours asks."""

    document: Any
    ours: Tenant
    other: Tenant


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("data")
    async with running(data, "--no-sample") as product:
        document = (await product.client.get("/openapi.json")).json()
        ours = await found(product, data, "ours", name="Ours")
        other = await found(product, data, OTHER, name="Theirs")
        yield World(document, ours, other)
        await ours.client.aclose()
        await other.client.aclose()


@dataclass(frozen=True)
class Place:
    """An object in a body whose members are all known: a pointer to it, and their names."""

    pointer: str
    members: frozenset[str]


def places(document: Any, schema: Any, value: Any, pointer: str = "") -> Iterator[Place]:
    """The objects of an example in which a strange member has no meaning."""
    if isinstance(value, list):
        items = of_kind(document, schema, "array").get("items", {})
        for number, each in enumerate(value[:1]):
            yield from places(document, items, each, f"{pointer}/{number}")
    if isinstance(value, dict):
        properties = of_kind(document, schema, "object").get("properties", {})
        if properties:
            yield Place(pointer, frozenset(properties))
        for name in properties.keys() & value.keys():
            yield from places(document, properties[name], value[name], f"{pointer}/{name}")


def of_kind(document: Any, schema: Any, kind: str) -> Any:
    """The schema, or that of its alternatives, that is for such values."""
    if "$ref" in schema:
        return of_kind(
            document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], kind
        )
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if found_ := of_kind(document, each, kind):
            return found_
    return schema if schema.get("type") == kind else {}


def planted(body: Any, pointer: str, name: str) -> Any:
    """The body with that member."""
    changed = deepcopy(body)
    at = changed
    for step in pointer.split("/")[1:]:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[name] = PLANTED[name]
    return changed


async def test_a_member_that_is_not_theirs_is_refused_and_pointed_at(world: World) -> None:
    taken = []

    for operation in operations(world.document):
        if operation.kind == FORM:  # which ignores what it does not know: RFC 6749 section 3.2
            continue
        for place in places(world.document, operation.schema, operation.body):
            for name in PLANTED.keys() - place.members:
                body = planted(operation.body, place.pointer, name)
                answer = await operation.ask(world.ours.client, {}, body=body)
                if not is_refused(answer, name):
                    taken.append((str(operation), place.pointer, name, answer.text))

    assert taken == []


def is_refused(answer: httpx2.Response, name: str) -> bool:
    """Whether that member is why, also of one row among many; with a 403 nothing was looked at."""
    is_pointed_at = answer.is_client_error and f'/{name}"' in answer.text
    return answer.status_code == 403 or is_pointed_at or "There is no such field" in answer.text


async def test_most_bodies_are_looked_into(world: World) -> None:
    taking = [
        each for each in operations(world.document) if each.kind == JSON and each.body is not None
    ]

    looked = [each for each in taking if [*places(world.document, each.schema, each.body)]]

    assert {str(each) for each in taking} - {str(each) for each in looked} <= FREE
    assert len(looked) > 10


async def test_a_tenant_in_the_body_of_a_send_is_ones_own_or_refused(world: World) -> None:
    answers = {
        (name, whose): (
            await world.ours.client.post(
                "/api/v1/notifications",
                json={"to": {"email": "ada@example.org"}, "content": "x", name: whose},
            )
        ).status_code
        for name in ("organization_id", "tenant_id")
        for whose in ("ours", OTHER)
    }

    assert {("organization_id", "ours"): 202, ("tenant_id", "ours"): 202} == {
        asked: status for asked, status in answers.items() if status < 400
    }
    assert (await world.other.get("/ledger"))["accepted"] == 0


async def test_parameters_and_headers_lead_to_no_other_tenant(world: World) -> None:
    await world.other.put("/users/somebody", {"email": "somebody@example.org"})
    changed = []

    for operation in operations(world.document):
        if operation.is_writing or operation.is_open or operation.is_stream or operation.id_paths:
            continue
        plain = await operation.ask(world.ours.client, {})
        for name in TENANT:
            answer = await operation.ask(world.ours.client, {}, query={name: OTHER})
            if answer.status_code != 400 and stable(answer.text) != stable(plain.text):
                changed.append((str(operation), name))
        world.ours.client.headers.update(dict.fromkeys(HEADERS, OTHER))
        answer = await operation.ask(world.ours.client, {})
        for name in HEADERS:
            del world.ours.client.headers[name]
        if stable(answer.text) != stable(plain.text):
            changed.append((str(operation), "headers"))

    assert changed == []


async def test_a_person_is_not_reached_by_naming_their_tenant(world: World) -> None:
    await world.other.put("/users/ada", {"email": "ada@example.org"})

    answers = [
        (await world.ours.client.get(f"/api/v1/users/{path}")).status_code
        for path in ("ada", f"ada?tenant_id={OTHER}", f"{OTHER}:ada", f"{OTHER}%2Fada")
    ]

    assert {400, 404} >= set(answers)


async def test_a_token_says_what_its_key_says_whatever_else_is_asked_for(world: World) -> None:
    key = await world.ours.post("/api-keys", {"name": "x", "scopes": ["people:read"]})
    asked = {
        "grant_type": "client_credentials",
        "client_id": key["id"],
        "client_secret": key["key"],
        "role": "owner",
        **dict.fromkeys(TENANT, OTHER),
    }

    answer = await world.ours.client.post("/api/v1/oauth/token", data=asked)
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    found_ = await world.ours.client.get("/api/v1/sessions/current", headers=token)

    told = found_.json()
    assert (told["organization_id"], told["role"]) == ("ours", None)
    assert answer.json()["scope"] == "people:read"
