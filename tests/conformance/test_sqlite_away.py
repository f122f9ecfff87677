"""SQLite when it cannot work right now: whoever asked is told to come again."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from structlog.testing import capture_logs

from sendwell.adapters.sql import sqlite as adapter
from sendwell.adapters.sql.migrations import migrate
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.bootstrap import TABLES
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Write
from sendwell.roles.accounts.tables import TENANT

OWNERS = {"accounts": TABLES["accounts"]}


@pytest.fixture
async def database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SqliteDatabase]:
    monkeypatch.setattr(
        adapter,
        "_PRAGMAS",
        [each.replace("busy_timeout=5000", "busy_timeout=50") for each in adapter._PRAGMAS],
    )
    database = SqliteDatabase(tmp_path / "sendwell.db")
    migrate(database.engine, OWNERS)
    yield database
    await database.close()


@contextmanager
def somebody_else_writes(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def out_of_reach(file: Path) -> Iterator[None]:
    aside = file.rename(file.with_name("aside.db"))
    file.mkdir()
    yield
    file.rmdir()
    aside.rename(file)


async def names(database: SqliteDatabase) -> list[str]:
    return [row.tenant for row in await database.rows(select(TENANT.c.tenant))]


async def put(database: SqliteDatabase, name: str) -> None:
    row = {"tenant": name, "name": name, "is_sandboxed": False, "rules": "{}", "created_at": 1}
    await database.execute(insert(TENANT).values(row))


async def test_what_cannot_be_written_because_another_writes_can_be_written_later(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    with somebody_else_writes(tmp_path / "sendwell.db"), pytest.raises(Unavailable, match="locked"):
        await put(database, "early")
    await put(database, "later")

    assert await names(database) == ["later"]


async def test_a_full_disk_is_told_as_such(database: SqliteDatabase) -> None:
    await put(database, "first")  # the writer has its connection now
    for connection in database._connections:
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    many = asyncio.gather(*(put(database, f"{number}".rjust(64, "x")) for number in range(2_000)))
    with pytest.raises(Unavailable, match="full"):
        await many

    assert "first" in await names(database)


async def test_who_cannot_open_the_file_to_write_tries_again_for_the_next(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    with out_of_reach(tmp_path / "sendwell.db"), pytest.raises(Unavailable):
        await put(database, "early")
    await put(database, "later")

    assert await names(database) == ["later"]


async def test_a_read_of_a_file_that_cannot_be_opened_is_not_possible_now(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    with capture_logs() as lines:
        with out_of_reach(tmp_path / "sendwell.db"):
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await names(database)

        assert await names(database) == []

    assert [line["event"] for line in lines] == ["database.unreadable", "database.readable"]


async def test_a_mistake_of_ours_is_still_one(database: SqliteDatabase) -> None:
    await put(database, "one")

    with pytest.raises(Exception, match="UNIQUE") as raised:
        await put(database, "one")

    assert not isinstance(raised.value, Unavailable)


async def test_nothing_is_ready_while_nothing_can_be_stored_whoever_asks(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    """Who is not ready gets no work by which it could notice that it is again."""
    await put(database, "first")
    with capture_logs() as lines:
        with somebody_else_writes(tmp_path / "sendwell.db"):
            for name in ("a", "b", "c"):
                with pytest.raises(Unavailable):
                    await put(database, name)
            assert database.is_away()
        async with asyncio.timeout(30):
            while database.is_away():
                await asyncio.sleep(0.05)

    assert [line["event"] for line in lines] == ["database.away", "database.back"]
    assert "locked" in lines[0]["why"]
    assert await names(database) == ["first"]


async def test_one_of_several_that_finds_no_room_is_not_taken_for_room(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are tried one by one where another of them is wrong."""

    def wrong(_: Connection, __: Sequence[str]) -> Sequence[None]:
        raise RuntimeError("a defect")

    def too_much(_: Connection, __: Sequence[str]) -> Sequence[None]:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    await put(database, "first")  # the writer has its connection now
    with capture_logs() as lines:
        both = [database.commit([Write(work, ["x"])]) for work in (wrong, too_much)]
        answers = await asyncio.gather(*both, return_exceptions=True)

        assert [type(answer) for answer in answers] == [RuntimeError, Unavailable]
        assert [line["event"] for line in lines] == ["database.away"]
