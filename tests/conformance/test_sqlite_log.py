"""SQLite's log is copied into the file beside the commits; where that fails, commits go on."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.schema import CreateTable
from structlog.testing import capture_logs

from sendwell.adapters.sql import sqlite
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.ports.database import driver

SOON = 10.0
NOTE = Table("note", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
async def database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SqliteDatabase]:
    """One that looks at its log after every commit and finds it too long."""
    monkeypatch.setattr(sqlite, "_LOOKS_AT_LOG_EVERY", 1)
    monkeypatch.setattr(sqlite, "_LONG_LOG_BYTES", 0)
    made = SqliteDatabase(tmp_path / "test.db")
    await made.execute(CreateTable(NOTE))
    yield made
    await made.close()


def forbid_copying(action: int, name: str | None, *_: object) -> int:
    """As a full disk does: the copy raises, and nothing else."""
    is_copy = action == sqlite3.SQLITE_PRAGMA and name == "wal_checkpoint"
    return sqlite3.SQLITE_DENY if is_copy else sqlite3.SQLITE_OK


async def test_a_log_that_cannot_be_copied_is_told_and_stops_no_commit(
    database: SqliteDatabase,
) -> None:
    for connection in database._connections:
        driver(connection).set_authorizer(forbid_copying)

    with capture_logs() as logs:
        async with asyncio.timeout(SOON):
            for number in range(3):
                await database.execute(insert(NOTE).values(number=number))

    assert len(await database.rows(select(NOTE))) == 3
    assert {log["event"] for log in logs} == {"sqlite.log_not_copied"}


async def test_a_long_log_is_copied_into_the_file(database: SqliteDatabase, tmp_path: Path) -> None:
    for number in range(3):
        await database.execute(insert(NOTE).values(number=number))

    file = f"file:{tmp_path / 'test.db'}?immutable=1"  # without its log
    with sqlite3.connect(file, uri=True) as alone:
        assert alone.execute("SELECT count(*) FROM note").fetchone()[0] >= 2
