"""Two processes that change the same people at the same time leave one whole audit log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap import TABLES
from sendwell.domain.errors import Conflict, NotFound
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.audit import Deed
from sendwell.ports.database import Unit, Write
from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.roles.users.store.tombstones import bury
from tests.roles.test_accounts_elsewhere import OPENED, Processes
from tests.services.needs import needs

ACME, BETA = TenantId("acme"), TenantId("beta")
GONE = UserId("gone")
PEOPLE = [UserId(f"user-{number}") for number in range(8)]
MIGRATIONS: dict[str, Path] = {owner: TABLES[owner] for owner in ("accounts", "users")}


class OnRecord:
    """The audit log in the same database."""

    def recorded(self, deed: Deed) -> Unit:
        return recorded(deed)


@pytest.fixture(
    params=[
        pytest.param("made_postgres", marks=needs("postgres")),
        pytest.param("mariadb_server", marks=needs("mariadb")),
    ]
)
async def processes(request: pytest.FixtureRequest) -> AsyncIterator[Processes]:
    """The database as two processes use it."""
    server: Any = request.getfixturevalue(request.param)
    with server.database() as url:
        both = [OPENED[request.param](url) for _ in range(2)]
        await both[0].with_connection(lambda connection: migrate_on(connection, MIGRATIONS))
        yield both
        for each in both:
            await each.close()


async def test_every_change_is_told_once_and_no_refusal_spoils_its_neighbours(
    processes: Processes,
) -> None:
    clock = SystemClock()
    both = [Users(UserStore(each), clock=clock, audit=OnRecord()) for each in processes]

    def leave_a_tombstone(connection: Connection, tenants: list[TenantId]) -> None:
        for tenant in tenants:
            bury(connection, tenant, GONE, 0)

    await processes[0].commit([Write(leave_a_tombstone, [ACME, BETA])])  # type: ignore[arg-type]

    async def work(turn: int) -> list[object]:
        users, tenant = both[turn % 2], (ACME, BETA)[turn // 2 % 2]
        who, name = PEOPLE[turn * 5 % len(PEOPLE)], Profile(name=f"name {turn}")
        calls = (
            users.put(tenant, who, name, by="test"),
            users.put(tenant, GONE, name, by="test"),
            users.add_token(tenant, who, token=f"token-{turn % 5}", platform=None, by="test"),
            users.delete(tenant, PEOPLE[turn % len(PEOPLE)], by="test"),
        )
        return list(await asyncio.gather(*calls, return_exceptions=True))

    results = await asyncio.gather(*(work(turn) for turn in range(40)))

    assert all(isinstance(each[1], Conflict) for each in results)
    troubles = [each for some in results for each in some if isinstance(each, BaseException)]
    assert [each for each in troubles if not isinstance(each, Conflict | NotFound)] == []
    log = AuditLog(AccountStore(processes[0]).audit)
    for tenant in (ACME, BETA):
        found = await log.verify(tenant)
        assert found.broken is None
        assert found.entries > 0
        assert await log.page(tenant, before=None, limit=9, user=GONE) == []
        told = await log.page(tenant, before=None, limit=1_000)
        await check_people(processes, tenant, [each.deed for each in reversed(told)])


async def check_people(processes: Processes, tenant: TenantId, deeds: list[Deed]) -> None:
    """Who came and went by the log is who is there."""
    there = await UserStore(processes[1]).people.people(tenant, PEOPLE)
    for user in PEOPLE:
        own = [deed.action for deed in deeds if deed.subject == pseudonym(tenant, user)]
        is_there = False
        for action in own:
            if action in {"person.created", "person.deleted"}:
                assert is_there is (action == "person.deleted")
                is_there = action == "person.created"
        assert is_there is (user in there)
