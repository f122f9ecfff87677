"""Columns come out of PostgreSQL as they were given, whatever stands in them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.ports.database import Write
from sendwell.runtime.postgres_rows import columns, fetch, written
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
Given = tuple[int | None, str | None, bytes]

NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, st.binary(max_size=20)), min_size=1, max_size=20)
ODD: list[Given] = [(1, 'say "NULL"', b"\\x"), (None, "NULL", b""), (3, None, b"{"), (4, "", b",")]


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_url)
    yield database
    await database.close()


def come_back(connection: Connection, rows: Sequence[Given]) -> list[Given]:
    text = "SELECT * FROM unnest($1::bigint[],$2::text[],$3::bytea[])"
    return [tuple(row) for row in fetch(connection, text, *columns(rows))]


async def test_whatever_stands_in_them_comes_back(database: PostgresDatabase) -> None:
    assert await database.commit([Write(come_back, ODD)]) == [ODD]


def test_any_values_come_back(postgres_server: Postgres) -> None:
    with postgres_server.database() as url, asyncio.Runner() as runner:
        database = runner.run(_opened(url))
        try:
            _check_any(runner, database)
        finally:
            runner.run(database.close())


async def test_arrays_that_are_looked_into_stay_values(database: PostgresDatabase) -> None:
    def looked_up(connection: Connection, numbers: Sequence[int]) -> list[int]:
        text = "SELECT n FROM generate_series(1,9) AS n WHERE n=ANY($1::bigint[]) ORDER BY n"
        return [row[0] for row in fetch(connection, text, list(numbers))]

    assert await database.commit([Write(looked_up, [3, 5])]) == [[3, 5]]


@pytest.mark.parametrize(
    ("column", "kind", "text"),
    [
        ([1, -2], "bigint", "{1,-2}"),
        ([1, None], "int", "{1,NULL}"),
        (["a", "b c"], "text", '{"a","b c"}'),
        (["a", None], "text", '{"a",NULL}'),
        ([None, None], "text", "{NULL,NULL}"),
        (['"', "\\"], "text", r'{"\"","\\"}'),
        (['","', ""], "text", r'{"\",\"",""}'),
        ([], "text", "{}"),
    ],
)
def test_an_array_is_written_as_postgresql_reads_it(
    column: list[int | str | None], kind: str, text: str
) -> None:
    assert written(column, kind) == text


async def _opened(url: str) -> PostgresDatabase:
    return PostgresDatabase(url)


def _check_any(runner: asyncio.Runner, database: PostgresDatabase) -> None:
    async def back(rows: list[Given]) -> list[Sequence[Given]]:
        return await database.commit([Write(come_back, rows)])

    @given(ROWS)
    def check(rows: list[Given]) -> None:
        assert runner.run(back(rows)) == [rows]

    check()
