"""What locks on a server are for: two processes at the same log, session, account and tenant."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.mysql import MysqlDatabase
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import Role
from sendwell.ports.audit import Deed
from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.store.operators import Card, Operator
from sendwell.roles.accounts.store.sessions import Session
from sendwell.runtime.login_tries import Try
from tests.services.needs import needs

ACME = TenantId("acme")
NOW = 1_800_000_000_000_000
MIGRATIONS: dict[str, Path] = {"accounts": TABLES["accounts"]}


Processes = list[PostgresDatabase | MysqlDatabase]
OPENED: Mapping[str, type[PostgresDatabase | MysqlDatabase]] = {
    "made_postgres": PostgresDatabase,
    "mariadb_server": MysqlDatabase,
}


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


async def test_two_processes_write_one_chain(processes: Processes) -> None:
    deeds = [Deed(ACME, "test", "thing.done", str(number), NOW) for number in range(60)]

    await asyncio.gather(*(processes[n % 2].commit(recorded(deed)) for n, deed in enumerate(deeds)))

    found = await AuditLog(AccountStore(processes[0]).audit).verify(ACME)
    assert (found.entries, found.broken) == (60, None)


async def test_of_two_processes_one_moves_a_session_on(processes: Processes) -> None:
    stores = [AccountStore(each) for each in processes]
    session = Session(ACME, "s", "o", 1, 1, NOW, NOW, NOW + 9)
    await stores[0].sessions.add(session, Deed(ACME, "test", "session.started", "s", NOW))

    moved = await asyncio.gather(
        *(stores[n % 2].sessions.rotate(session, ends_at=NOW + 9, now=NOW) for n in range(8))
    )

    assert 1 == sum(moved)


async def test_tries_in_two_processes_are_counted_together(
    processes: Processes,
) -> None:
    stores = [AccountStore(each) for each in processes]
    try_ = Try(ACME, "login", "192.0.2.1", NOW)

    waits = await asyncio.gather(*(stores[n % 2].tries.begin(try_) for n in range(40)))

    assert 5 == sum(not wait for wait in waits)


async def test_two_owners_do_not_leave_at_the_same_time(processes: Processes) -> None:
    stores = [AccountStore(each) for each in processes]
    owners = [
        Operator(ACME, str(n), Card(f"{n}@example.org", "x"), Role.OWNER, NOW, NOW)
        for n in range(2)
    ]
    deed = Deed(ACME, "test", "operator.changed", "x", NOW)
    for owner in owners:
        await stores[0].operators.add(owner, deed)

    await asyncio.gather(
        *(
            store.operators.change(owner, _viewer(owner), deed)
            for store, owner in zip(stores, owners, strict=True)
        ),
        return_exceptions=True,
    )

    left = [each for each in await stores[0].operators.all(ACME) if each.role is Role.OWNER]
    assert len(left) == 1


def _viewer(owner: Operator) -> Operator:
    return Operator(ACME, owner.id, owner.card, Role.VIEWER, NOW, NOW + 1)
