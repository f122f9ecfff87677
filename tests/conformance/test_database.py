"""The Database port, over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select, text
from sqlalchemy.schema import CreateTable

from sendwell.adapters.sql.mysql import MysqlDatabase
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Database, Write
from tests.services.needs import needs

Make = Callable[[], SqliteDatabase | PostgresDatabase | MysqlDatabase]
METADATA = MetaData()
THING = Table("thing", METADATA, Column("number", Integer, primary_key=True))


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=needs("postgres")),
        pytest.param("mysql", marks=needs("mariadb")),
    ]
)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes a database; the same one when called again."""
    if request.param == "sqlite":
        return lambda: SqliteDatabase(tmp_path / "test.db")
    if request.param == "mysql":
        url = request.getfixturevalue("mariadb_url")
        return lambda: MysqlDatabase(url)
    url = request.getfixturevalue("postgres_url")
    return lambda: PostgresDatabase(url)


@pytest.fixture
async def database(make: Make) -> AsyncIterator[Database]:
    made = make()
    await made.execute(CreateTable(THING))
    yield made
    await made.close()


def add(connection: Connection, numbers: Sequence[int]) -> list[int]:
    connection.execute(insert(THING), [{"number": number} for number in numbers])
    return [-number for number in numbers]


def count_calls(calls: list[int]) -> Any:
    def operation(connection: Connection, numbers: Sequence[int]) -> list[int]:
        calls.append(len(numbers))
        return add(connection, numbers)

    return operation


async def stored(database: Database) -> set[int]:
    return {row.number for row in await database.rows(select(THING.c.number))}


async def test_what_is_committed_is_read_by_the_next_question(database: Database) -> None:
    ((result,),) = await database.commit([Write(add, [7])])

    assert result == -7
    assert await stored(database) == {7}


async def test_units_that_wait_together_are_written_by_one_statement(
    database: Database,
) -> None:
    calls: list[int] = []
    operation = count_calls(calls)

    results = await asyncio.gather(
        *(database.commit([Write(operation, [n, n + 1])]) for n in range(0, 200, 2))
    )

    assert await stored(database) == set(range(200))
    assert results == [[[-n, -(n + 1)]] for n in range(0, 200, 2)]
    assert len(calls) < 100


async def test_a_unit_that_fails_stores_nothing_and_takes_no_other_with_it(
    database: Database,
) -> None:
    await database.commit([Write(add, [1])])

    results = await asyncio.gather(
        database.commit([Write(add, [10, 11])]),
        database.commit([Write(add, [20]), Write(add, [1])]),
        database.commit([Write(add, [30])]),
        return_exceptions=True,
    )

    assert isinstance(results[1], Exception)
    assert await stored(database) == {1, 10, 11, 30}


async def test_core_statements_tell_what_they_did(database: Database) -> None:
    statement = insert(THING).values(number=3).returning(THING.c.number)

    (done,) = await database.execute(statement)

    assert [tuple(row) for row in done.rows] == [(3,)]


async def test_what_was_handed_in_before_closing_is_stored(database: Database, make: Make) -> None:
    pending = [asyncio.ensure_future(database.commit([Write(add, [n])])) for n in range(50)]
    await asyncio.sleep(0)

    await database.close()

    await asyncio.gather(*pending)
    again = make()
    assert await stored(again) == set(range(50))
    await again.close()


async def test_a_closed_database_takes_nothing(database: Database) -> None:
    await database.close()

    with pytest.raises(Unavailable):
        await database.commit([Write(add, [1])])


async def test_a_commit_outlives_whoever_asked_for_it(database: Database) -> None:
    asking = asyncio.ensure_future(database.commit([Write(add, [5])]))
    await asyncio.sleep(0)
    asking.cancel()

    await database.commit([Write(add, [6])])

    assert await stored(database) == {5, 6}


async def test_commits_to_sqlite_reach_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "test.db")

    (journal,) = await database.rows(text("PRAGMA journal_mode"))
    (synchronous,) = await database.rows(text("PRAGMA synchronous"))

    assert (journal[0], synchronous[0]) == ("wal", 2)
    await database.close()
