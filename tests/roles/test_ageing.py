"""In-app messages and what is in quarantine are kept for as long as notifications are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable, Table, func, select

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap import build_core, build_roles
from sendwell.domain.ids import ChannelName, NotificationId, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from sendwell.ports.database import Database, Done
from sendwell.ports.quarantine import Narrowed
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.inbox.tables import INBOX_MESSAGE
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.sweep import Sweep
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.quarantine.tables import QUARANTINE
from sendwell.runtime.scene import Scene
from sendwell.settings import read_settings
from tests.roles.databases import EITHER, either
from tests.roles.open_among import nothing_open
from tests.services.made import made_file

ACME = TenantId("acme")
OWNER = ACME, "user-001"
DAY = 86_400_000_000
MIB = 1024 * 1024


class StoppedClock(SystemClock):
    """Stands at the twentieth day."""

    def now(self) -> int:
        return 20 * DAY


class Watched(SqliteDatabase):
    """Tells of how many rows each commit was."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.commits: list[int] = []

    async def execute(self, *statements: Executable) -> list[Done]:
        done = await super().execute(*statements)
        self.commits.append(sum(each.rowcount for each in done))
        return done


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=20 * DAY, since=0) as database:
        yield database


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(made_file(tmp_path / "watched.sqlite"))
    yield watched
    await watched.close()


async def tell(database: Database, name: str, at: int, *, body: str = "Body") -> int:
    """There is such a message in somebody's inbox."""
    outgoing = Outgoing(
        key=f"{name}.0.in_app",
        tenant=ACME,
        notification=NotificationId(name),
        part="0.in_app",
        channel=ChannelName("in_app"),
        address=OWNER[1],
        content=Content(title=name, body=body),
        lane=Lane.MEDIUM,
        attempt=1,
        event_type="order",
    )
    return await InboxStore(database).put(outgoing, at)


async def quarantine(database: Database, *messages: tuple[str, int], body: bytes = b"x") -> None:
    kept = [
        Quarantine(
            stream="requests",
            place=name,
            reason=Reason.MALFORMED_JSON,
            text=name,
            pointer="",
            body=body,
            headers={},
            at=at,
            tenant=ACME,
        )
        for name, at in messages
    ]
    await QuarantineStore(database).keep(kept, tell=tell_nobody)


def tell_nobody(_: Sequence[Quarantine], __: Scene) -> None:
    return None


async def titles(database: Database) -> list[str | None]:
    page = await InboxStore(database).page(OWNER, before=None, limit=100)
    return [message.title for message in page.messages]


async def texts(database: Database) -> list[str]:
    shelf = await QuarantineStore(database).page(ACME, Narrowed(), before=None, limit=100)
    return [kept.text for kept in shelf.kept]


async def count(database: Database, table: Table) -> int:
    (row,) = await database.rows(select(func.count().label("many")).select_from(table))
    return int(row.many)


async def test_what_is_older_than_is_kept_goes_read_or_not(database: Database) -> None:
    inbox = InboxStore(database)
    numbers = {day: await tell(database, f"day-{day}", day * DAY) for day in (5, 14, 16, 18)}
    for day in (14, 18):
        assert await inbox.read(OWNER, numbers[day], 19 * DAY)
    await quarantine(database, *((f"day-{day}", day * DAY) for day in (5, 14, 16, 18)))
    sweep = Sweep(
        SqlJournal(database, idempotency_window=timedelta(1), receipts_by_reference=frozenset()),
        StoppedClock(),
        retention=timedelta(days=5),
        open_among=nothing_open,
        part=None,
        agreed=None,
        following=(inbox.forget, QuarantineStore(database).forget),
    )

    await sweep.once()

    assert await titles(database) == ["day-18", "day-16"]
    assert await texts(database) == ["day-18", "day-16"]


@pytest.mark.parametrize("together", [2, 3, 100])
async def test_one_that_a_fast_clock_wrote_keeps_no_other(
    database: Database, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendwell.runtime.ageing._TOGETHER", together)
    days = (30, 1, 2, 31, 3, 4, 5, 16, 17)
    await quarantine(database, *((f"day-{day}", day * DAY) for day in days))

    forgotten = await QuarantineStore(database).forget(15 * DAY)

    assert forgotten == 5
    assert await texts(database) == ["day-17", "day-16", "day-31", "day-30"]


async def test_much_that_is_old_goes_in_portions(watched: Watched) -> None:
    await quarantine(watched, *((str(number), number) for number in range(1_100)))
    watched.commits.clear()

    forgotten = await QuarantineStore(watched).forget(DAY)

    assert (forgotten, watched.commits) == (1_100, [500, 500, 100])
    assert await count(watched, QUARANTINE) == 0


async def test_what_is_long_goes_a_few_at_a_time(watched: Watched) -> None:
    for number in range(4):
        await tell(watched, f"n-{number}", number, body="x" * MIB)
    await tell(watched, "young", 2 * DAY)
    watched.commits.clear()

    forgotten = await InboxStore(watched).forget(DAY)

    assert (forgotten, watched.commits) == (4, [1, 1, 1, 1])
    assert await titles(watched) == ["young"]


async def test_a_process_forgets_them_after_the_days_that_are_set(tmp_path: Path) -> None:
    few = {"CHANNEL_ENABLE_LIST": "in_app", "RETENTION_DAYS": "2"}
    core = await build_core(replace(read_settings(few), data=tmp_path))
    now, database = core.clock.now(), core.database
    for name, at in (("old", now - 3 * DAY), ("young", now - DAY)):
        await tell(database, name, at)
        await quarantine(database, (name, at))

    await build_roles(core)

    try:
        async with asyncio.timeout(60):
            while await count(database, INBOX_MESSAGE) + await count(database, QUARANTINE) > 2:
                await asyncio.sleep(0.01)
        assert (await titles(database), await texts(database)) == (["young"], ["young"])
    finally:
        await core.process.stop()
