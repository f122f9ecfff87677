"""The users role where people log in, on a database of its own, with tenants and their keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Row, select

from sendwell.adapters.passwords.argon2id import Argon2id
from sendwell.adapters.passwords.bcrypt import Bcrypt
from sendwell.adapters.passwords.hasher import SlowPasswords
from sendwell.adapters.passwords.scheme import Scheme
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.passwords import PasswordHash
from sendwell.domain.policy import Policy
from sendwell.ports.database import Database
from sendwell.roles.accounts import tables as accounts_tables
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.tables import AUDIT
from sendwell.roles.users.api import log_in as log_in_api
from sendwell.roles.users.api import routes
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.log_in import LogIn
from sendwell.roles.users.store import UserStore
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.tokens import Tokens
from tests.roles.patient_clock import PatientClock
from tests.roles.users_house import ACME, OTHER, a_client, an_erasures

PASSWORD = "correct horse battery staple"
SECRET = "a secret of 32 characters or more"
SERVICE_TOKEN = "by which services know each other"
FAST: list[Scheme] = [Bcrypt(cost=4), Argon2id(memory_kib=64, passes=1)]
HOME = "192.0.2.1"
LOGIN = "/api/v1/people/login"


class House:
    """The role, and who calls it."""

    acme: httpx2.AsyncClient
    other: httpx2.AsyncClient

    def __init__(self, database: Database, others: SqliteDatabase) -> None:
        self.database = database
        self.others = others
        self.clock = PatientClock()
        self.accounts = Accounts(AccountStore(others), defaults=Policy(), clock=self.clock)
        self.hashers: list[SlowPasswords] = []
        self.log_in = self.elsewhere()
        store = UserStore(database)
        users = Users(store, clock=self.clock)
        self.app = build_app(
            Callers(self.accounts, people=self.log_in),
            [],
            [
                routes(users, an_erasures(store, users, self.clock)),
                log_in_api.password_routes(self.log_in),
            ],
            above_tenants=[log_in_api.session_routes(self.log_in)],
            service_tokens=[SERVICE_TOKEN],
        )

    async def open(self) -> None:
        """The tenants are there, and have keys."""
        self.acme = await a_client(self.accounts, self.app, ACME)
        self.other = await a_client(self.accounts, self.app, OTHER)

    async def close(self) -> None:
        """Nothing of it works any more."""
        for hasher in self.hashers:
            await hasher.close()
        await self.acme.aclose()
        await self.other.aclose()

    def elsewhere(self, scheme: PasswordHash = PasswordHash.BCRYPT) -> LogIn:
        """Log-in as in another process, whose new passwords are stored in that way."""
        self.hashers.append(SlowPasswords(FAST if scheme is PasswordHash.BCRYPT else FAST[::-1]))
        return LogIn(
            UserStore(self.database).log_in,
            passwords=self.hashers[-1],
            tokens=Tokens(SECRET, self.clock),
            deeds=Deeds(self.accounts, self.others, self.clock),
            clock=self.clock,
        )

    def stranger(self, address: str = HOME, token: str = "") -> httpx2.AsyncClient:
        """Somebody at that address."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app, client=(address, 1)),
            base_url="http://sendwell.test",
            headers={"authorization": f"Bearer {token}"} if token else {},
        )

    async def tries(
        self, password: str = PASSWORD, *, address: str = HOME, **who: str
    ) -> httpx2.Response:
        """The answer to one try; as ada, if nobody else is named."""
        whole = {"organization_id": "acme", **(who or {"user_id": "ada"}), "password": password}
        return await self.stranger(address).post(LOGIN, json=whole)

    async def person(self, **who: str) -> httpx2.AsyncClient:
        """A person who has logged in."""
        answer = await self.tries(**who)
        assert answer.status_code == 200, answer.text
        return self.stranger(token=answer.json()["access_token"])

    async def let_in(self, user: str = "ada", **person: str) -> None:
        """There is such a person of acme, with a password."""
        path = f"/api/v1/users/{user}"
        put = await self.acme.put(path, json=person)
        assert put.is_success, put.text
        given = await self.acme.put(f"{path}/password", json={"password": PASSWORD})
        assert given.status_code == 204, given.text

    async def deeds(self) -> list[Row[Any]]:
        """What is on record."""
        return list(await self.others.rows(select(AUDIT).order_by(AUDIT.c.number)))


@asynccontextmanager
async def a_house(folder: Path, database: Database) -> AsyncIterator[House]:
    """People in `database`; the tenants, their keys and the record on another one."""
    others = SqliteDatabase(folder / "accounts.sqlite")
    accounts_tables.METADATA.create_all(others.engine)
    house = House(database, others)
    await house.open()
    yield house
    await house.close()
    await others.close()
