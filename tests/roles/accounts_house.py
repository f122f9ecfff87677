"""The accounts role on a database of its own, as operators and programs see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from sendwell.adapters.passwords.argon2id import Argon2id
from sendwell.adapters.passwords.hasher import SlowPasswords
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.permissions import Role
from sendwell.domain.policy import Policy
from sendwell.ports.passwords import Passwords
from sendwell.roles.accounts.api import access_routes, routes
from sendwell.roles.accounts.keys import new_key
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.service.access import Access
from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.service.clients import Clients
from sendwell.roles.accounts.service.keys import Keys
from sendwell.roles.accounts.service.operators import Operators
from sendwell.roles.accounts.service.sessions import Sessions
from sendwell.roles.accounts.service.single_sign_on import SingleSignOn
from sendwell.roles.accounts.service.tenants import Tenancy
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.tables import METADATA
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.tokens import Tokens
from tests.roles.patient_clock import PatientClock

PASSWORD = "correct horse battery staple"
GRACE = "grace@example.org"
SECRET = "a secret that is long enough for tests"


@dataclass
class House:
    """The role in one process. `platform` holds the key of the platform's administrator."""

    database: SqliteDatabase
    clock: PatientClock
    store: AccountStore
    accounts: Accounts
    access: Access
    app: Any
    platform: httpx2.AsyncClient

    def elsewhere(self) -> Accounts:
        """The same role in another process."""
        tokens = Tokens(SECRET, self.clock)
        return Accounts(self.store, defaults=Policy(), clock=self.clock, tokens=tokens)

    def client(self, credential: str | None = None, *, address: str = "192.0.2.1") -> Any:
        """Somebody with a key or token, or nobody, at an address."""
        headers = {} if credential is None else {"authorization": f"Bearer {credential}"}
        transport = httpx2.ASGITransport(app=self.app, client=(address, 1))
        return httpx2.AsyncClient(
            transport=transport, base_url="http://sendwell.test", headers=headers
        )

    async def found(self, id_: str = "acme") -> Any:
        """A tenant with Grace as its owner; gives a client with its first key."""
        owner = {"email": GRACE, "name": "Grace Hopper", "password": PASSWORD}
        answer = await self.platform.post(
            "/api/v1/tenants", json={"id": id_, "name": id_.title(), "owner": owner}
        )
        assert answer.status_code == 201, answer.text
        return self.client(answer.json()["api_key"])

    async def sign_in(
        self, email: str = GRACE, password: str = PASSWORD, **more: Any
    ) -> httpx2.Response:
        """Try to sign in."""
        address = more.pop("address", "192.0.2.1")
        body = {"organization_id": "acme", "email": email, "password": password, **more}
        answer: httpx2.Response = await self.client(address=address).post(
            "/api/v1/sessions", json=body
        )
        return answer

    async def signed_in(self, email: str = GRACE, **more: Any) -> Any:
        """A client of somebody who has signed in; `tokens` is the whole answer."""
        answer = await self.sign_in(email, **more)
        assert answer.status_code == 201, answer.text
        client = self.client(answer.json()["access_token"])
        client.tokens = answer.json()
        return client

    async def operator(self, role: Role) -> Any:
        """A client of a new operator with that role."""
        owner = await self.signed_in()
        email = f"{role}@example.org"
        body = {"email": email, "name": str(role), "role": role, "password": PASSWORD}
        answer = await owner.post("/api/v1/operators", json=body)
        assert answer.status_code == 201, answer.text
        client = await self.signed_in(email)
        client.id = answer.json()["id"]
        return client


def quick() -> SlowPasswords:
    """Hashes that cost nothing."""
    return SlowPasswords([Argon2id(memory_kib=8, passes=1)])


@asynccontextmanager
async def a_house(
    folder: Path, passwords: Passwords | None = None, *, lets_sample_in: bool = False
) -> AsyncIterator[House]:
    """The role, migrated, with a key for the platform."""
    database, clock = SqliteDatabase(folder / "accounts.sqlite"), PatientClock()
    METADATA.create_all(database.engine)
    store = AccountStore(database)
    tokens = Tokens(SECRET, clock)
    accounts = Accounts(
        store, defaults=Policy(), clock=clock, tokens=tokens, lets_sample_in=lets_sample_in
    )
    access = build_access(store, accounts, clock=clock, passwords=passwords or quick())
    key = new_key()
    await access.tenancy.ensure_key(key)
    routers = [routes(accounts), *access_routes(access)]
    app = build_app(Callers(accounts), [], [], above_tenants=routers)
    house = House(database, clock, store, accounts, access, app, httpx2.AsyncClient())
    house.platform = house.client(key.text)
    yield house
    await database.close()


def build_access(
    store: AccountStore,
    accounts: Accounts,
    *,
    clock: PatientClock,
    passwords: Passwords,
    single_sign_on: SingleSignOn | None = None,
) -> Access:
    """The services behind the routes."""
    tokens = Tokens(SECRET, clock)
    operators = Operators(store.operators, accounts, passwords, clock)
    return Access(
        operators=operators,
        sessions=Sessions(
            store, accounts, operators=operators, passwords=passwords, tokens=tokens, clock=clock
        ),
        keys=Keys(store.keys, accounts, clock),
        clients=Clients(accounts.credentials, tokens),
        tenancy=Tenancy(store, accounts, operators, clock),
        audit=AuditLog(store.audit),
        single_sign_on=single_sign_on,
    )


def pointers(answer: httpx2.Response) -> set[str]:
    """What a problem document points at."""
    assert answer.headers["content-type"] == "application/problem+json"
    return {flaw["pointer"] for flaw in answer.json()["errors"]}
