"""Who asks long questions by API waits for others who ask; the flow does not."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.ids import TenantId
from sendwell.ports.database import acting_for

LONG = 60.0
AT_ONCE = 5


class Held:
    """A question that is not answered before it is let go."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()
        self.let_go = threading.Event()
        self._loop = asyncio.get_running_loop()

    def answer(self) -> int:
        self._loop.call_soon_threadsafe(self.is_asked.set)
        self.let_go.wait(LONG)
        return 1


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    made = SqliteDatabase(tmp_path / "test.db")
    yield made
    await made.close()


async def test_long_questions_of_tenants_hold_up_nothing_that_is_asked_for_the_flow(
    database: SqliteDatabase,
) -> None:
    held = Held()

    @event.listens_for(database.engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.create_function("held", 0, held.answer)

    acting = acting_for.set(TenantId("acme"))
    asked = [asyncio.create_task(database.rows(text("SELECT held()"))) for _ in range(AT_ONCE)]
    acting_for.reset(acting)
    try:
        async with asyncio.timeout(LONG / 2):
            await held.is_asked.wait()
            (row,) = await database.rows(text("SELECT 1 AS one"))
    finally:
        held.let_go.set()

    assert 1 == row.one
    assert [[(1,)]] * AT_ONCE == [list(map(tuple, rows)) for rows in await asyncio.gather(*asked)]
