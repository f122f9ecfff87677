"""Whoever is cancelled while something is stored leaves nothing half known."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.ports.database import Write, core
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene

STORED, NOT_STORED = "stored", "not stored"
GOOD, BAD = text("CREATE TABLE kept (number INTEGER)"), text("CREATE nothing that is known")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "all.sqlite")
    yield database
    await database.close()


@pytest.mark.parametrize(("statement", "told"), [(GOOD, STORED), (BAD, NOT_STORED)])
async def test_what_is_cancelled_while_it_is_stored_hears_what_became_of_it(
    database: SqliteDatabase, statement: object, told: str
) -> None:
    heard: list[str] = []

    def speak(scene: Scene) -> Sequence[Message]:
        scene.write([Write(core, [statement])])
        scene.after_commit(lambda: heard.append(STORED))
        scene.after_failure(lambda: heard.append(NOT_STORED))
        asyncio.get_running_loop().call_soon(saying.cancel)  # by then it is on its way
        return ()

    saying = asyncio.create_task(Flow(database, SystemClock()).say(speak))
    await asyncio.wait([saying])

    assert saying.cancelled()
    assert [told] == heard
