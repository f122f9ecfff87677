"""The templates role on an embedded database, as two tenants and other roles see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.domain.template import TemplateVersion
from sendwell.ports.database import Database
from sendwell.roles.accounts import tables as accounts_tables
from sendwell.roles.accounts.keys import new_key
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.templates import tables
from sendwell.roles.templates.api import routes
from sendwell.roles.templates.service import Templates
from sendwell.roles.templates.store import TemplateStore
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from tests.roles.patient_clock import PatientClock

ACME, OTHER = TenantId("acme"), TenantId("other")
HERE = "/api/v1/templates"
WELCOME = f"{HERE}/welcome"
BODIES: dict[str, Any] = {
    "email": {
        "en": {"subject": "Welcome, {{ name }}", "html": "<p>Hello {{ name }}</p>"},
        "de": {"subject": "Willkommen, {{ name }}", "html": "<p>Hallo {{ name }}</p>"},
    },
    "push": {"en": {"title": "Welcome", "body": "You owe {{ order.total }}"}},
}


@dataclass
class Role:
    """The role, and what its audit log holds."""

    database: Database
    clock: PatientClock
    accounts: AccountStore
    templates: Templates
    app: Any
    acme: httpx2.AsyncClient
    other: httpx2.AsyncClient

    def elsewhere(self) -> Templates:
        """The same role in another process."""
        audit = Accounts(self.accounts, defaults=Policy(), clock=self.clock)
        store = TemplateStore(self.database)
        return Templates(store, renderer=MinijinjaRenderer(), audit=audit, clock=self.clock)

    async def deeds(self) -> list[tuple[str, str, str, int]]:
        """Who did what to which template, and to which of its versions."""
        deeds = await self.accounts.deeds(ACME, limit=100)
        return [(d.actor, d.action, d.subject, int(d.details["version"])) for d in reversed(deeds)]

    async def published(self) -> TemplateVersion | None:
        return await self.templates.version(ACME, "welcome", None)


@asynccontextmanager
async def a_role(folder: Path) -> AsyncIterator[Role]:
    database = SqliteDatabase(folder / "templates.sqlite")
    for metadata in (tables.METADATA, accounts_tables.METADATA):
        metadata.create_all(database.engine)
    async with a_role_on(database) as role:
        yield role
    await database.close()


@asynccontextmanager
async def a_role_on(database: Database) -> AsyncIterator[Role]:
    """The role on a database that has its tables and those of `accounts`."""
    clock, store = PatientClock(), AccountStore(database)
    accounts = Accounts(store, defaults=Policy(), clock=clock)
    templates = Templates(
        TemplateStore(database), renderer=MinijinjaRenderer(), audit=accounts, clock=clock
    )
    app = build_app(Callers(accounts), [], [routes(templates)])
    acme, other = [await a_client(accounts, app, tenant) for tenant in (ACME, OTHER)]
    yield Role(database, clock, store, templates, app, acme, other)
    await acme.aclose()
    await other.aclose()


async def a_client(accounts: Accounts, app: Any, tenant: TenantId) -> httpx2.AsyncClient:
    key = new_key()
    await accounts.ensure_tenant(tenant, tenant, is_sandboxed=False)
    await accounts.ensure_key(tenant, key, name="editor")
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://sendwell.test",
        headers={"authorization": f"Bearer {key.text}"},
    )


async def a_template(role: Role, code: str = "welcome", **more: Any) -> httpx2.Response:
    return await role.acme.post(HERE, json={"code": code, "bodies": BODIES, **more})


async def a_version(role: Role, words: str, **more: Any) -> httpx2.Response:
    headers = more.pop("headers", {})
    bodies = {"sms": {"en": {"text": words}}}
    return await role.acme.post(
        f"{WELCOME}/versions", json={"bodies": bodies, **more}, headers=headers
    )


def pointers(answer: httpx2.Response) -> set[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {flaw["pointer"] for flaw in answer.json()["errors"]}
