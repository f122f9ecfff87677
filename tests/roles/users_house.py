"""The users role on a database of its own, as two tenants and other roles see it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from sqlalchemy import select

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemIds
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.ports.audit import Deed, Entrusted
from sendwell.ports.database import Database
from sendwell.roles.accounts import tables as accounts_tables
from sendwell.roles.accounts.keys import new_key
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.users.api import erasure as erasure_api
from sendwell.roles.users.api import imports as imports_api
from sendwell.roles.users.api import routes, topic_routes
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.erasure import Erasures
from sendwell.roles.users.service.imports import Imports
from sendwell.roles.users.service.own import OwnKeeper
from sendwell.roles.users.store import UserStore
from sendwell.runtime.record.audit_outbox import AuditOutbox
from sendwell.runtime.record.tables import DEED
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from tests.roles.patient_clock import PatientClock

ACME, OTHER = TenantId("acme"), TenantId("other")
ADA, BOB = UserId("ada"), UserId("bob")
EMAIL, PUSH, SMS = ChannelName("email"), ChannelName("push"), ChannelName("sms")
ADDRESS = "Ada@example.org"
PERSON = {
    "email": ADDRESS,
    "phone": "+436641234567",
    "url": "https://example.org/hooks/ada",
    "name": "Ada Lovelace",
    "locale": "de-AT",
    "timezone": "Europe/Vienna",
    "attributes": {"plan": "pro", "seats": [1, 2.5, None, {"é": "\n"}]},
}
HERE = "/api/v1/users/ada"


@dataclass
class Role:
    """The role on a database of its own, as two tenants see it."""

    database: Database
    clock: PatientClock
    users: Users
    imports: Imports
    app: Any
    acme: httpx2.AsyncClient
    other: httpx2.AsyncClient

    def elsewhere(self) -> Users:
        """The same role in another process."""
        return Users(UserStore(self.database), clock=self.clock)


@asynccontextmanager
async def a_role(folder: Path, database: Database) -> AsyncIterator[Role]:
    """The role on that database; its tenants and their keys are on another one."""
    others, clock = SqliteDatabase(folder / "accounts.sqlite"), PatientClock()
    accounts_tables.METADATA.create_all(others.engine)
    store = UserStore(database)
    users = Users(store, clock=clock, audit=AuditOutbox(database, new_id=SystemIds().notification))
    imports = Imports(store.imports, users=users, clock=clock, ids=SystemIds())
    accounts = Accounts(AccountStore(others), defaults=Policy(), clock=clock)
    erasures = an_erasures(store, users, clock)
    routers = [
        routes(users, erasures),
        topic_routes(users),
        erasure_api.routes(erasures),
        imports_api.routes(imports),
    ]
    app = build_app(Callers(accounts), [], routers)
    acme, other = [await a_client(accounts, app, tenant) for tenant in (ACME, OTHER)]
    yield Role(database, clock, users, imports, app, acme, other)
    await acme.aclose()
    await other.aclose()
    await others.close()


def an_erasures(store: UserStore, users: Users, clock: PatientClock) -> Erasures:
    keepers = {"users": OwnKeeper(store)}
    return Erasures(store.erasures, clock=clock, ids=SystemIds(), gone=users.gone, keepers=keepers)


async def a_client(accounts: Accounts, app: Any, tenant: TenantId) -> httpx2.AsyncClient:
    key = new_key()
    await accounts.ensure_tenant(tenant, tenant, is_sandboxed=False)
    await accounts.ensure_key(tenant, key, name="test")
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://sendwell.test",
        headers={"authorization": f"Bearer {key.text}"},
    )


async def a_token(role: Role, token: str, user: str = "ada", **more: str) -> dict[str, Any]:
    answer = await role.acme.post(f"/api/v1/users/{user}/tokens", json={"token": token, **more})
    assert answer.status_code in {200, 201}, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def deeds(role: Role) -> list[Deed]:
    """What is on its way to the audit log, in its order."""
    rows = await role.database.rows(select(DEED.c.entrusted).order_by(DEED.c.number))
    return [msgspec.json.decode(row.entrusted, type=Entrusted).deed for row in rows]


def tells_of(name: str, told: object) -> bool:
    """Whether the name stands in what was told as a word: ids and hashes spell short ones too."""
    return re.search(rf"\b{re.escape(name)}\b", f"{told}", re.IGNORECASE) is not None


async def the_person(users: Users, user: UserId = ADA) -> Person | None:
    return (await users.people(ACME, [user])).get(user)


def pointers(answer: httpx2.Response) -> set[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {flaw["pointer"] for flaw in answer.json()["errors"]}
