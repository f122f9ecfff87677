"""Dead letters that are sent again, and die again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.adapters.sql.migrations import migrate
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.ports.audit import Deed
from sendwell.ports.database import Unit
from sendwell.ports.journal import Entry
from sendwell.ports.tenants import Caller
from sendwell.roles.delivery.letters import DeadLetters, Narrowed
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.scene import Scene

ACME = TenantId("acme")
CLOCK, IDS = SystemClock(), SystemIds()


class Unheard:
    """An audit log that keeps nothing."""

    def recorded(self, _: Deed) -> Unit:
        return []


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "all.sqlite")
    migrate(database.engine, {owner: TABLES[owner] for owner in ("journal", "delivery")})
    yield database
    await database.close()


@pytest.fixture
async def journal(database: SqliteDatabase) -> SqlJournal:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return journal


async def accepted(journal: SqlJournal) -> Requested:
    request = Requested(
        id=NotificationId(IDS.notification()),
        tenant=ACME,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="lost",
        lane=2,
        to=(To(email="nobody@example.org"),),
    )
    await journal.accept([Entry(request)])
    return request


def died(request: Requested, part: str) -> Dead:
    return Dead(
        tenant=ACME,
        position=request.position,
        notification=request.id,
        part=part,
        channel=ChannelName("email"),
        event_type=request.event_type,
        lane=request.lane,
        cause="bad_address",
        code=None,
        text=None,
        provider=None,
        attempt=1,
        at=CLOCK.now(),
    )


async def test_what_dies_again_while_all_are_replayed_is_not_replayed_once_more(
    database: SqliteDatabase, journal: SqlJournal
) -> None:
    flow = Flow(database, CLOCK)
    letters = DeadLetters(database, journal, flow=flow, audit=Unheard())

    async def dies_at_once(tasks: Sequence[Task], _: Scene) -> Sequence[Dead]:
        return [died(task.request, task.part) for task in tasks]

    flow.listen(Dead, letters.on_dead)
    flow.listen(Task, dies_at_once)
    await flow.run([died(await accepted(journal), "0.email") for _ in range(3)])
    caller = Caller(ACME, "somebody")

    async with asyncio.timeout(10):
        count = await letters.replay_all(caller, Narrowed(), CLOCK.now(), rate_per_second=10_000)

    page = await letters.page(ACME, Narrowed(), before=None, limit=100)
    assert count == 3
    assert sorted(letter.part for letter in page) == ["0.email"] * 3 + ["0.email.r1"] * 3
