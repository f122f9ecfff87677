"""No tenant sees, counts or changes another: every route of the OpenAPI, by whoever has no right.

The tenant `theirs` has one of everything. Others ask for it: another tenant, its own test
environment, keys that have ended, and nobody.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sendwell.domain.environment import Environment, inhabitant
from sendwell.domain.ids import TenantId
from sendwell.roles.accounts.keys import new_key
from tests.acceptance.belongings import (
    ADDRESS,
    EVENT,
    PERSON,
    SECRET,
    SUPPRESSED,
    TEMPLATE,
    TOPIC,
    Tenant,
    client_of,
    found,
    furnish,
)
from tests.acceptance.product import Product, running
from tests.acceptance.strangers import Strange, leaks, stable, walk
from tests.acceptance.surface import Operation, operations, surface

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN_TO_ALL = {
    # People have whatever ids their tenant gives them: these make one, in the caller's own tenant.
    "PUT /api/v1/users/{user_id}": 201,
    "PUT /api/v1/topics/{topic}": 201,
    # Topics need not be declared; to one that nobody has heard of nobody is subscribed.
    "GET /api/v1/topics/{topic}/subscribers": 200,
    # Who is unknown is erased as well: requests may still come that name them.
    "POST /api/v1/users/{user_id}/erasure": 202,
    # The inbox does not know who is a person; of an unknown one it is empty.
    "GET /api/v1/users/{user_id}/inbox": 200,
    "GET /api/v1/users/{user_id}/inbox/stream": 200,
}
"""What answers to an id of somebody else's without a 403 or 404, and shows nothing."""


@dataclass
class World:
    """A product, what it can be asked, and the tenant to whom things belong."""

    product: Product
    data: Path
    surface: list[Operation]
    theirs: Tenant
    bystander: Tenant
    """Another tenant, that was there before."""
    seen_before: dict[str, str]
    """What the bystander saw then."""
    clients: AsyncExitStack

    @property
    def strange(self) -> Strange:
        return strange(self.theirs)

    async def stranger(self, id_: str) -> Tenant:
        """Another tenant, with nothing."""
        tenant = await found(self.product, self.data, id_, name=id_)
        self.clients.push_async_callback(tenant.client.aclose)
        return tenant

    def client(self, credential: str | None) -> httpx2.AsyncClient:
        """Whoever has that credential, or nobody."""
        client = client_of(self.product, credential)
        self.clients.push_async_callback(client.aclose)
        return client


def strange(tenant: Tenant) -> Strange:
    """All of a tenant, for the eyes of others."""
    ids = tenant.ids
    return Strange(
        ids,
        said=(SECRET, ADDRESS, tenant.id, "erased-of-the-other"),
        named={
            "user_id": PERSON,
            "topic": TOPIC,
            "address": SUPPRESSED,
            "template": TEMPLATE,
            "code": TEMPLATE,
            "event_type": EVENT,
            "contains": "e",
            "id": ids["/api/v1/notifications/{id}"],
            "notification": ids["/api/v1/notifications/{id}"],
        },
    )


async def seen(client: httpx2.AsyncClient, surface_: list[Operation]) -> dict[str, str]:
    """Everything that can be read without an id."""
    return {
        str(each): stable((await each.ask(client, {})).text)
        for each in surface_
        if not (each.is_writing or each.is_open or each.id_paths or each.is_stream)
    }


async def everything(tenant: Tenant, surface_: list[Operation]) -> dict[str, str]:
    """Everything that can be read, of one's own."""
    return {
        str(each): stable((await each.ask(tenant.client, tenant.ids)).text)
        for each in surface_
        if not (each.is_writing or each.is_open or each.is_stream)
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("data")
    secret = {"SECRET_KEY": "a secret of 32 characters or more"}
    async with (
        running(data, "--no-sample", environment=secret) as product,
        AsyncExitStack() as clients,
    ):
        all_ = await surface(product.client)
        bystander = await found(product, data, "bystander", name="Bystander")
        seen_before = await seen(bystander.client, all_)
        theirs = await found(product, data, "theirs-4f7a", name=SECRET)
        await furnish(theirs, data)
        yield World(product, data, all_, theirs, bystander, seen_before, clients)
        await theirs.client.aclose()
        await bystander.client.aclose()


async def test_another_tenant_is_refused_everywhere_and_changes_nothing(world: World) -> None:
    stranger = await world.stranger("stranger")
    before = await everything(world.theirs, world.surface)

    faults = await walk(stranger.client, world.surface, world.strange, open_to_all=OPEN_TO_ALL)

    assert faults == []
    assert before == await everything(world.theirs, world.surface)


async def test_a_test_environment_gets_at_nothing_live(world: World) -> None:
    test = await environment(world, world.theirs, "test")
    live = replace(world.strange, known=(world.theirs.id,))  # it is their organization too
    before = await everything(world.theirs, world.surface)

    faults = await walk(test, world.surface, live, open_to_all=OPEN_TO_ALL)

    assert faults == []
    assert before == await everything(world.theirs, world.surface)


async def test_the_live_environment_gets_at_nothing_of_the_test_environment(world: World) -> None:
    live = await world.stranger("with-tests")
    test = Tenant(
        inhabitant(TenantId(live.id), Environment.TEST), await environment(world, live, "test")
    )
    await furnish(test, world.data, is_live=False)
    routes = [each for each in world.surface if set(each.id_paths) <= test.ids.keys()]
    before = await everything(test, routes)

    faults = await walk(live.client, routes, strange(test), open_to_all=OPEN_TO_ALL)

    assert faults == []
    assert before == await everything(test, routes)


async def environment(world: World, tenant: Tenant, name: str) -> httpx2.AsyncClient:
    """A client with a key of that environment of the tenant."""
    made = await tenant.post("/api-keys", {"name": name, "environment": name})
    return world.client(made["key"])


async def test_nothing_of_a_tenant_is_in_what_another_lists_and_counts(world: World) -> None:
    now = await seen(world.bystander.client, world.surface)

    assert world.seen_before == now


async def test_narrowing_by_what_is_anothers_finds_nothing(world: World) -> None:
    stranger = await world.stranger("narrowing")
    told = []

    for operation in world.surface:
        for name in operation.queries:
            if operation.is_open or operation.is_writing or operation.id_paths:
                continue
            query = {name: world.strange.named.get(name, ADDRESS)}
            answer = await operation.ask(stranger.client, {}, query=query)
            told += [(str(operation), name, leaks(answer, world.strange))]

    assert [each for each in told if each[2]] == []
    assert len(told) > 20


async def test_a_cursor_of_another_tenant_leads_nowhere(world: World) -> None:
    stranger = await world.stranger("turning-pages")
    tried = []

    for operation in world.surface:
        if "cursor" not in operation.queries or operation.is_writing:
            continue
        first = await operation.ask(world.theirs.client, world.theirs.ids, query={"limit": "1"})
        cursor = first.json().get("next_cursor")
        if cursor is None:
            continue
        tried.append(str(operation))
        query = {"cursor": cursor, "limit": "1"}
        answer = await operation.ask(stranger.client, world.theirs.ids, query=query)
        assert leaks(answer, world.strange) == set(), operation
        assert answer.status_code in {200, 400, 404}, operation

    assert {"GET /api/v1/notifications", "GET /api/v1/mailbox/messages"} <= set(tried)


@pytest.mark.parametrize("credential", ["none", "unknown", "revoked", "expired"])
async def test_who_is_nobody_is_asked_who_they_are_everywhere(
    world: World, credential: str
) -> None:
    client = world.client(await ended(world, credential))
    before = await everything(world.theirs, world.surface)

    answers = {
        str(each): (await each.ask(client, world.theirs.ids)).status_code
        for each in world.surface
        if not each.is_open
    }

    assert dict.fromkeys(answers, 401) == answers
    assert before == await everything(world.theirs, world.surface)


async def ended(world: World, how: str) -> str | None:
    """A key that is good no longer, or never was."""
    if how == "none":
        return None
    if how == "unknown":
        return new_key().text
    owner = await world.stranger(f"its-key-is-{how}")
    made = await owner.post("/api-keys", {"name": how, "expires_in_days": 1})
    if how == "revoked":
        answer = await owner.client.delete(f"/api/v1/api-keys/{made['id']}")
        assert answer.status_code == 204
    else:
        with closing(sqlite3.connect(world.data / "sendwell.db", timeout=10)) as database, database:
            database.execute("UPDATE api_key SET expires_at=1 WHERE id=?", (made["id"],))
    key: str = made["key"]
    return key


async def test_metrics_name_no_tenant(world: World) -> None:
    metrics = (await world.product.client.get("/metrics")).text

    assert "sendwell_" in metrics
    assert [each for each in (SECRET, ADDRESS, world.theirs.id, PERSON) if each in metrics] == []


async def test_a_person_of_the_same_id_is_somebody_else(world: World) -> None:
    stranger = await world.stranger("namesake")
    await stranger.put(f"/users/{PERSON}", {"email": "namesake@example.org"})

    made = await stranger.post(
        "/notifications", {"user_id": PERSON, "channel": "in_app", "content": "for the namesake"}
    )
    text = await first_of_stream(stranger)

    assert "for the namesake" in text
    assert SECRET not in text
    assert made["id"] != world.theirs.ids["/api/v1/notifications/{id}"]
    assert ADDRESS not in str(await stranger.get(f"/users/{PERSON}"))


async def first_of_stream(tenant: Tenant) -> str:
    """What is told to the person until the first message is there."""
    path, told = f"/api/v1/users/{PERSON}/inbox/stream", ""
    async with asyncio.timeout(15), tenant.client.stream("GET", path, params={"after": 0}) as live:
        async for each in live.aiter_text():
            told += each
            if "data:" in told:
                break
    return told


async def test_what_another_has_suppressed_or_lost_holds_up_nobody(world: World) -> None:
    stranger = await world.stranger("not-held-up")

    made = await stranger.post(
        "/notifications", {"to": {"email": ADDRESS}, "channel": "email", "content": "x"}
    )

    def is_mine(mail: Any) -> bool:
        return bool(mail["notification"] == made["id"])

    assert await stranger.first("/mailbox/messages", of=is_mine)


LEAKS: Mapping[str, Callable[[bool], Response]] = {
    "its text": lambda _: JSONResponse({"text": SECRET}, 404),
    "that it is there": lambda _: JSONResponse({}, 200),
    "by its status": lambda is_theirs: JSONResponse({}, 403 if is_theirs else 404),
    "by its words": lambda is_theirs: JSONResponse({"why": is_theirs}, 404),
    "by a header": lambda _: JSONResponse({}, 404, headers={"x-whose": SECRET}),
    "by breaking": lambda _: JSONResponse({}, 500),
}


@pytest.mark.parametrize("leak", LEAKS)
async def test_a_route_that_leaks_is_found(leak: str) -> None:
    real = "thing-of-the-other"

    async def thing(request: Request) -> Response:
        return LEAKS[leak](request.path_params["thing_id"] == real)

    app = Starlette(routes=[Route("/things/{thing_id}", thing)])
    path = "/things/{thing_id}"
    described = operations({"paths": {path: {"get": {"responses": {}}}}})
    theirs = Strange({path: real}, said=(SECRET,), named={})

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://leaky.test"
    ) as client:
        faults = await walk(client, described, theirs, open_to_all={})

    assert faults


async def test_a_route_with_an_id_that_nobody_can_make_is_found() -> None:
    described = operations({"paths": {"/things/{thing_id}": {"get": {"responses": {}}}}})

    async with httpx2.AsyncClient() as client:
        faults = await walk(client, described, Strange({}, (), {}), open_to_all={})

    assert [
        "GET /things/{thing_id}: add to belongings._MAKERS how such an id comes to be"
    ] == faults
