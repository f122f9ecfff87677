"""Every change that somebody makes by the API is on record, or it is said here why not."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.acceptance.belongings import (
    PASSWORD,
    SECRET,
    TEMPLATE,
    Tenant,
    client_of,
    found,
    furnish,
)
from tests.acceptance.product import running
from tests.acceptance.strangers import lend
from tests.acceptance.surface import Operation, surface

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENDING = "what is sent is in the history of each notification, with who asked"
PEOPLE = "data of people, which come by the million; their choices have a log of their own"
IMPORTS = "an import says itself who began it, when, and what came of it"
CHOSEN = "the log of consents keeps who, when, how and in which words"
MAILBOX = "the dev mailbox is a test tool"
LOOKING = "changes nothing"
SESSION = "a session of an operator begins with a row of its own; these go on with it"
LOGIN = {"organization_id": "acme", "email": "owner@acme.example", "password": PASSWORD}
EXEMPT: Mapping[str, str] = {
    "POST /api/v1/notifications": SENDING,
    "POST /api/v1/notifications/batch": SENDING,
    "POST /api/v1/notifications/{id}/cancel": SENDING,
    "PUT /api/v1/users/{user_id}": PEOPLE,
    "DELETE /api/v1/users/{user_id}": PEOPLE,
    "PUT /api/v1/users/{user_id}/preferences": PEOPLE,
    "POST /api/v1/users/{user_id}/tokens": PEOPLE,
    "DELETE /api/v1/users/{user_id}/tokens/{number}": PEOPLE,
    "POST /api/v1/users/{user_id}/inbox/{message_id}/read": PEOPLE,
    "POST /api/v1/people/login": PEOPLE,
    "POST /api/v1/people/logout": PEOPLE,
    "POST /api/v1/imports": IMPORTS,
    "PATCH /api/v1/imports/{import_id}": IMPORTS,
    "PUT /api/v1/users/{user_id}/subscriptions/{topic}": CHOSEN,
    "DELETE /api/v1/users/{user_id}/subscriptions/{topic}": CHOSEN,
    "POST /api/v1/users/{user_id}/consents": CHOSEN,
    "POST /api/v1/users/{user_id}/contacts/{channel}/verification": CHOSEN,
    "DELETE /api/v1/mailbox/messages": MAILBOX,
    "DELETE /api/v1/mailbox/messages/{message_id}": MAILBOX,
    "POST /api/v1/templates/{code}/preview": LOOKING,
    "POST /api/v1/sessions/refresh": SESSION,
    "POST /api/v1/oauth/token": SESSION,
    "POST /webhooks/{provider}/{integration}": SENDING,
    "POST /webhooks/{provider}/{integration}/inbound": CHOSEN,
}
"""What leaves no row in the audit log, and why that is right."""
_OWN = "/api/v1/sessions/current"
_ORDER = ("DELETE", "/erasure", _OWN, f"PUT {_OWN}/password")
"""What takes something away, or ends the sessions of who asks, comes last."""


@dataclass
class World:
    """A product, its one tenant with one of everything, and the tenant's owner signed in."""

    tenant: Tenant
    owner: httpx2.AsyncClient
    surface: list[Operation]
    bodies: Mapping[str, Any]

    async def sign_in(self) -> None:
        """The owner asks with a new session from now on."""
        session = await self.tenant.post("/sessions", LOGIN)
        self.owner.headers["Authorization"] = f"Bearer {session['access_token']}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("data")
    async with running(data, "--no-sample") as product:
        tenant = await found(product, data, "acme", name="Acme")
        await furnish(tenant, data)
        lost = {"user_id": "nobody", "event_type": "lost", "channel": "sms", "content": "x"}
        await tenant.post("/notifications", lost)
        await tenant.first("/dead-letters?event_type=lost")
        another = {"email": f"twin-{SECRET}@example.org", "name": "x", "role": "viewer"}
        bodies = {
            "POST /api/v1/sessions": LOGIN,
            "POST /api/v1/dead-letters/replay": {"event_type": "lost"},
            "PUT /api/v1/rules/routing": {"email": "mailbox"},
            "POST /api/v1/operators": {**another, "password": PASSWORD},
            "PUT /api/v1/sessions/current/password": {
                "current": PASSWORD,
                "password": f"another {PASSWORD}",
            },
        }
        async with client_of(product, None) as owner:
            world = World(tenant, owner, await surface(owner), bodies)
            await world.sign_in()
            yield world
        await tenant.client.aclose()


async def newest(tenant: Tenant) -> int:
    """How many entries there are."""
    page = await tenant.get("/audit?limit=1")
    sequence: int = page["data"][0]["sequence"]
    return sequence


async def test_every_change_is_on_record(world: World) -> None:
    owned = [
        each
        for each in world.surface
        if each.is_writing and str(each) not in EXEMPT and "/tenants" not in each.path
    ]
    unrecorded, refused = [], []

    for operation in sorted(owned, key=place):
        if operation.path.startswith(_OWN):
            await world.sign_in()
        body = world.bodies.get(str(operation), lend(operation.body, {"template": TEMPLATE}))
        before = await newest(world.tenant)
        answer = await operation.ask(world.owner, world.tenant.ids, body=body)
        if not answer.is_success:
            refused.append((str(operation), answer.text))
        elif await newest(world.tenant) == before:
            unrecorded.append(str(operation))

    assert unrecorded == []
    assert refused == []


def place(operation: Operation) -> int:
    """What comes behind what needs that which it takes away."""
    return max((n for n, words in enumerate(_ORDER, 1) if words in str(operation)), default=0)


async def test_what_is_exempt_is_there(world: World) -> None:
    assert EXEMPT.keys() <= {str(each) for each in world.surface}
