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
READING = "says of a message that it was seen"
PIECE = "a file is on record where it begins and where it ends; this may be in between"
VENDOR = "no caller of ours: what a vendor tells; a consent that came by it is on record"
PERSON = "needs a person's own session; that all of them end is on record"
MAILBOX = "the dev mailbox is a test tool"
LOOKING = "changes nothing"
SESSION = "a session of an operator begins with a row of its own; these go on with it"
LOGIN = {"organization_id": "acme", "email": "owner@acme.example", "password": PASSWORD}
EXEMPT: Mapping[str, str] = {
    "POST /api/v1/notifications": SENDING,
    "POST /api/v1/notifications/batch": SENDING,
    "POST /api/v1/notifications/{id}/cancel": SENDING,
    "POST /api/v1/users/{user_id}/inbox/{message_id}/read": READING,
    "POST /api/v1/people/login": LOOKING,
    "POST /api/v1/people/logout": PERSON,
    "PATCH /api/v1/imports/{import_id}": PIECE,
    "DELETE /api/v1/mailbox/messages": MAILBOX,
    "DELETE /api/v1/mailbox/messages/{message_id}": MAILBOX,
    "POST /api/v1/templates/{code}/preview": LOOKING,
    "POST /api/v1/sessions/refresh": SESSION,
    "POST /api/v1/oauth/token": SESSION,
    "POST /webhooks/{provider}/{integration}": SENDING,
    "POST /webhooks/{provider}/{integration}/inbound": VENDOR,
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


def place(operation: Operation) -> tuple[int, int]:
    """What comes behind what needs that which it takes away; of that the smallest things first."""
    turn = max((n for n, words in enumerate(_ORDER, 1) if words in str(operation)), default=0)
    return turn, -operation.path.count("/") if turn else 0


async def test_what_is_exempt_is_there(world: World) -> None:
    assert EXEMPT.keys() <= {str(each) for each in world.surface}
