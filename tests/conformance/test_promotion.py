"""What a promotion holds in memory while both sides are open."""

import sqlite3
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from sendwell.adapters.sql.promotion import run
from sendwell.adapters.sql.promotion.moving import copy, drop_stale
from sendwell.adapters.sql.promotion.shape import Column, Shape
from sendwell.adapters.sql.promotion.source import Source, open_alone
from sendwell.adapters.sql.promotion.target import Target, open_target
from tests.services.needs import needs

pytestmark = needs("postgres")

MANY = 1_000
BODY = b"newsletter" * 10_000
MOST_BYTES = 5 * 8 * 1024 * 1024
COLUMNS = (Column("position", "bigint"), Column("subject", "text"), Column("body", "bytea"))
LETTER = Shape("letter", COLUMNS, key=("position",), wide_key=("position",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "sendwell.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            "CREATE TABLE letter(position INTEGER PRIMARY KEY, subject TEXT, body BLOB)"
        )
        connection.executemany(
            "INSERT INTO letter VALUES(?,?,?)",
            ((number, None if number % 3 else "hello", BODY) for number in range(MANY)),
        )
    return file


@pytest.fixture
def source(file: Path) -> Iterator[Source]:
    with open_alone(file) as source:
        yield source


@pytest.fixture
async def target(postgres_url: str) -> AsyncIterator[Target]:
    async with open_target(postgres_url) as (target, connection):
        await connection.execute(
            "CREATE TABLE letter(position bigint PRIMARY KEY, subject text, body bytea)"
        )
        await connection.execute("CREATE TABLE cluster_version AS SELECT ''::text AS version_num")
        await run.begin(connection, [LETTER], source="a file", now=0)
        yield target


async def test_long_rows_that_were_copied_ahead_are_looked_at_a_few_at_a_time(
    source: Source, target: Target
) -> None:
    await copy(source, target, LETTER, tell=unheard)

    tracemalloc.start()
    dropped = await drop_stale(source, target, LETTER)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert dropped == 0
    assert most < MOST_BYTES < MANY * len(BODY)


async def test_what_has_changed_or_gone_since_is_dropped_and_nothing_else(
    file: Path, postgres_url: str, target: Target
) -> None:
    with open_alone(file) as source:
        await copy(source, target, LETTER, tell=unheard)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE letter SET body=? WHERE position=3", (BODY + BODY,))
        connection.execute("DELETE FROM letter WHERE position IN (0,500,999)")

    with open_alone(file) as source:
        dropped = await drop_stale(source, target, LETTER)

    connection = await asyncpg.connect(postgres_url)
    left = [row["position"] for row in await connection.fetch("SELECT position FROM letter")]
    await connection.close()
    assert dropped == 4
    assert sorted(left) == [number for number in range(MANY) if number not in {0, 3, 500, 999}]


def unheard(*_: object) -> None:
    """Whose turn it is, and how far it came."""
