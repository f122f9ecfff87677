"""What an earlier life has accepted and not planned is planned, whatever goes past it meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemIds
from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Content, Requested, To
from sendwell.ports.journal import Entry
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.portion import MOST_BYTES
from tests.services.made import made_file

ACME = TenantId("acme")
IDS = SystemIds()
WINDOW = 16
SOON_SECONDS = 10
MANY = 3 * WINDOW
LARGE, LONG = 128, 200 * 1024


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(made_file(tmp_path / "all.sqlite"))
    yield database
    await database.close()


async def nothing(_: Sequence[Position]) -> Collection[Position]:
    return ()


class Life:
    """One life of the process that accepts and plans."""

    def __init__(self, database: SqliteDatabase, *, window: int = WINDOW) -> None:
        self._database = database
        self._journal = SqlJournal(
            database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
        )
        self.backlog = Backlog(self._journal, nothing, window=window)

    async def begin(self) -> None:
        await self._journal.start()
        self.backlog.recover()

    async def accept(self, count: int, lane: Lane, *, length: int = 0) -> list[Requested]:
        requests = [a_request(lane, length) for _ in range(count)]
        await self._journal.accept([Entry(request) for request in requests])
        self.backlog.put(requests)
        return requests

    async def plan(self, requests: Sequence[Requested]) -> None:
        """Their plans go to disk, as two commits write it: the mark that the first one has moved is
        stored with the second.
        """
        self._journal.forget(requests)
        await self._database.commit(self._journal.marked())

    async def read(self, count: int) -> list[Requested]:
        """So many as the planner would get them next."""
        found: list[Requested] = []
        async with asyncio.timeout(SOON_SECONDS):
            while len(found) < count:
                await self.backlog.wait()
                found += self.backlog.take(WINDOW // 8)
        return found


def a_request(lane: Lane, length: int = 0) -> Requested:
    position = Position(IDS.position())
    return Requested(
        id=NotificationId(f"n-{position}"),
        tenant=ACME,
        position=position,
        accepted_at=1,
        event_type="test",
        lane=lane,
        to=(To(email="ada@example.org"),),
        content=Content(text="x" * length) if length else None,
    )


async def begun(database: SqliteDatabase, *, window: int = WINDOW) -> Life:
    life = Life(database, window=window)
    await life.begin()
    return life


async def urgent_went_past(
    database: SqliteDatabase, read_before: int
) -> tuple[list[Requested], Life, list[Requested]]:
    """What a first life has left; a second one, in which an urgent one was planned; and what that
    had read of the others before.
    """
    left = await (await begun(database)).accept(MANY, Lane.LOW)
    second = await begun(database)
    read = await second.read(read_before)
    await second.plan(await second.accept(1, Lane.CRITICAL))
    return left, second, read


@pytest.mark.parametrize("read_before", [0, 4])
async def test_an_urgent_one_that_goes_past_them_takes_nothing_away(
    database: SqliteDatabase, read_before: int
) -> None:
    left, second, read = await urgent_went_past(database, read_before)

    await second.plan(read)
    urgent = await second.backlog.take_urgent(1)
    read += await second.read(MANY - len(read))

    assert [request.id for request in left] == [request.id for request in read]
    assert len(urgent) == 1


@pytest.mark.parametrize("read_before", [0, 4])
async def test_nor_does_it_when_that_life_ends_as_well(
    database: SqliteDatabase, read_before: int
) -> None:
    left, second, read = await urgent_went_past(database, read_before)
    planned = read[:2]
    await second.plan(planned)
    third = await begun(database)

    found = await third.read(MANY - len(planned))

    left_then = {request.id for request in left[len(planned) :]}
    assert left_then == {request.id for request in found}


async def test_when_all_is_planned_the_mark_follows(database: SqliteDatabase) -> None:
    first = await begun(database)
    await first.accept(MANY, Lane.LOW)
    second = await begun(database)
    await second.plan(await second.read(MANY))
    third = await begun(database)
    (new,) = await third.accept(1, Lane.LOW)

    assert [new] == await third.read(1)


async def test_of_long_ones_few_are_in_memory_and_none_is_left(database: SqliteDatabase) -> None:
    first = await begun(database, window=LARGE)
    left = await first.accept(MANY, Lane.LOW, length=LONG)
    second = await begun(database, window=LARGE)
    await second.backlog.wait()

    kept = len(second.backlog)
    found = await second.read(MANY)
    await second.plan(found)
    third = await begun(database)
    (new,) = await third.accept(1, Lane.LOW)

    assert 0 < kept * LONG <= LARGE * 8 * 1024 + MOST_BYTES
    assert [request.id for request in left] == [request.id for request in found]
    assert [new] == await third.read(1)
