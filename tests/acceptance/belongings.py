"""Two tenants of a running product: one that has one of everything, and the ids of all of it.

A route whose path holds an id of another kind needs an entry in `_MAKERS`: how such a thing comes
to be, by the API alone.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from sendwell.domain.ids import TenantId
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from tests.acceptance.product import Product

SECRET = "zqsecretzq"
"""Stands in everything that the tenant says; it must not be seen elsewhere."""
PASSWORD = "correct horse battery staple"
PERSON = "person-of-the-other"
TEMPLATE = "template-of-the-other"
EVENT = "event-of-the-other"
TOPIC = "topic-of-the-other"
SUPPRESSED = "suppressed.of.the.other@example.org"
ADDRESS = "address.of.the.other@example.org"
_SOON_SECONDS = 30


@dataclass
class Tenant:
    """A tenant: its first key's client, and what it has, by the path up to each id."""

    id: str
    client: httpx2.AsyncClient
    ids: dict[str, str] = field(default_factory=dict)

    async def post(self, path: str, body: Any) -> Any:
        """Make something; gives what is said of it."""
        return await self._made("POST", path, body)

    async def put(self, path: str, body: Any) -> Any:
        """Store something; gives what is said of it."""
        return await self._made("PUT", path, body)

    async def get(self, path: str) -> Any:
        """What is there."""
        return await self._made("GET", path, None)

    async def first(self, path: str, *, of: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first of a list that fits, as soon as there is one."""
        async with asyncio.timeout(_SOON_SECONDS):
            while True:
                for each in (await self.get(path))["data"]:
                    if of(each):
                        return each
                await asyncio.sleep(0.02)

    async def _made(self, method: str, path: str, body: Any) -> Any:
        answer = await self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None


def client_of(product: Product, credential: str | None) -> httpx2.AsyncClient:
    """Somebody with that credential, or nobody."""
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    return httpx2.AsyncClient(base_url=product.url, headers=headers, timeout=30)


async def found(product: Product, data: Path, id_: str, *, name: str) -> Tenant:
    """A new tenant with an owner."""
    owner = {"email": f"owner@{id_}.example", "name": name, "password": PASSWORD}
    async with client_of(product, (data / "platform-key").read_text().strip()) as platform:
        answer = await platform.post(
            "/api/v1/tenants", json={"id": id_, "name": name, "owner": owner}
        )
    assert answer.status_code == 201, answer.text
    return Tenant(id_, client_of(product, answer.json()["api_key"]))


async def furnish(tenant: Tenant, data: Path, *, is_live: bool = True) -> None:
    """The tenant has one of everything; a test environment has no operators and keys."""
    for id_path, make in _MAKERS.items():
        is_shared = id_path.startswith(_LIVE_ONLY)
        if is_live or not is_shared:
            tenant.ids[id_path] = str(await make(tenant))
    tenant.ids[_QUARANTINED] = str(await asyncio.to_thread(_quarantine, tenant.id, data))


async def _person(tenant: Tenant) -> str:
    body = {"email": ADDRESS, "name": SECRET, "attributes": {"plan": SECRET}}
    await tenant.put(f"/users/{PERSON}", body)
    await tenant.put(f"/users/{PERSON}/preferences", {"order": ["email", "push"]})
    return PERSON


async def _token(tenant: Tenant) -> int:
    token = {"token": f"token-{SECRET}", "platform": "android"}
    number: int = (await tenant.post(f"/users/{PERSON}/tokens", token))["number"]
    return number


async def _template(tenant: Tenant) -> str:
    bodies = {"email": {"en": {"subject": SECRET, "text": SECRET}}}
    await tenant.post("/templates", {"code": TEMPLATE, "name": SECRET, "bodies": bodies})
    return TEMPLATE


async def _version(tenant: Tenant) -> int:
    found = await tenant.get(f"/templates/{TEMPLATE}/versions")
    number: int = found["data"][0]["version"]
    return number


async def _notification(tenant: Tenant) -> str:
    sent: Mapping[str, Any] = {
        "user_id": PERSON,
        "channels": ["email", "in_app"],
        "event_type": EVENT,
        "content": {"subject": SECRET, "text": SECRET},
    }
    for _ in range(2):  # so that there is a second page
        made = await tenant.post("/notifications", sent)
    await tenant.first(f"/users/{PERSON}/inbox")
    id_: str = made["id"]
    return id_


async def _dead_letter(tenant: Tenant) -> str:
    lost = {"user_id": "person-unknown", "channel": "sms", "event_type": EVENT, "content": SECRET}
    await tenant.post("/notifications", lost)
    id_: str = (await tenant.first("/dead-letters"))["id"]
    return id_


async def _inbox_message(tenant: Tenant) -> str:
    id_: str = (await tenant.first(f"/users/{PERSON}/inbox"))["id"]
    return id_


async def _mailbox_message(tenant: Tenant) -> str:
    id_: str = (await tenant.first("/mailbox/messages"))["id"]
    return id_


async def _operator(tenant: Tenant) -> str:
    somebody = {"email": f"{SECRET}@example.org", "name": SECRET, "role": "editor"}
    id_: str = (await tenant.post("/operators", {**somebody, "password": PASSWORD}))["id"]
    return id_


async def _key(tenant: Tenant) -> str:
    rows = [{"event_type": f"{EVENT}.{SECRET}", "priority": "high"}]
    await tenant.put("/rules/priorities", rows)
    id_: str = (await tenant.post("/api-keys", {"name": SECRET}))["id"]
    return id_


async def _topic(tenant: Tenant) -> str:
    await tenant.put(f"/topics/{TOPIC}", {"name": SECRET, "description": SECRET})
    return TOPIC


async def _subscription(tenant: Tenant) -> str:
    await tenant.put(f"/users/{PERSON}/subscriptions/{TOPIC}", {"wording": SECRET})
    await tenant.post(
        f"/users/{PERSON}/consents", {"given": True, "topic": TOPIC, "wording": SECRET}
    )
    return TOPIC


async def _suppression(tenant: Tenant) -> str:
    row = {"channel": "email", "address": SUPPRESSED, "reason": SECRET}
    await tenant.post("/suppressions", {"suppressions": [row]})
    return SUPPRESSED


async def _import(tenant: Tenant) -> str:
    id_: str = (await tenant.post("/imports", {"format": "csv", "columns": {SECRET: None}}))["id"]
    return id_


async def _erasure(tenant: Tenant) -> str:
    """One that is done, so that it says the same for good."""
    await tenant.put("/users/erased-of-the-other", {"name": SECRET})
    id_: str = (await tenant.post("/users/erased-of-the-other/erasure", None))["id"]
    async with asyncio.timeout(_SOON_SECONDS):
        while not (await tenant.get(f"/erasures/{id_}"))["is_done"]:
            await asyncio.sleep(0.1)
    return id_


async def _tenant(tenant: Tenant) -> str:
    return tenant.id


_LIVE_ONLY = ("/api/v1/operators", "/api/v1/api-keys", "/api/v1/tenants")
_QUARANTINED = "/api/v1/quarantine/{message_id}"
_MAKERS: Mapping[str, Callable[[Tenant], Awaitable[str | int]]] = {
    "/api/v1/users/{user_id}": _person,
    "/api/v1/users/{user_id}/tokens/{number}": _token,
    "/api/v1/templates/{code}": _template,
    "/api/v1/templates/{code}/versions/{version}": _version,
    "/api/v1/notifications/{id}": _notification,
    "/api/v1/dead-letters/{id}": _dead_letter,
    "/api/v1/users/{user_id}/inbox/{message_id}": _inbox_message,
    "/api/v1/mailbox/messages/{message_id}": _mailbox_message,
    "/api/v1/topics/{topic}": _topic,
    "/api/v1/users/{user_id}/subscriptions/{topic}": _subscription,
    "/api/v1/suppressions/{channel}/{address}": _suppression,
    "/api/v1/imports/{import_id}": _import,
    "/api/v1/erasures/{erasure_id}": _erasure,
    "/api/v1/operators/{operator_id}": _operator,
    "/api/v1/api-keys/{key_id}": _key,
    "/api/v1/tenants/{tenant_id}": _tenant,
}
"""In this order; what comes later may use what came before."""


def _quarantine(tenant: str, data: Path) -> int:
    """Only a bus brings what cannot be read: the row is put where the bus would have put it."""
    kept = Quarantine(
        stream="notifications",
        place=f"{tenant}@1",
        reason=Reason.MISSING_FIELD,
        text=SECRET,
        pointer="",
        body=SECRET.encode(),
        headers={},
        at=int(time.time() * 1e6),
        tenant=TenantId(tenant),
    )
    row = (kept.stream, kept.place, tenant, kept.reason.value, SECRET, "", kept.at)
    with closing(sqlite3.connect(data / "sendwell.db", timeout=10)) as database, database:
        database.execute(
            "INSERT INTO quarantine(stream,place,tenant,reason,text,pointer,at,kept)"
            " VALUES(?,?,?,?,?,?,?,?)",
            (*row, msgspec.json.encode(kept)),
        )
        (number,) = database.execute("SELECT max(id) FROM quarantine").fetchone()
    return int(number)
