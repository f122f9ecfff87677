"""Every row of a database, as text to search in."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg


def tables_with(file: Path, *marks: str) -> set[str]:
    """The tables of a SQLite file that have one of the marks in any column of any row."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
        return {name for (name,) in names if _found(_rows(connection, name), marks)}


async def tables_on_server_with(url: str, *marks: str) -> set[str]:
    """The same for a PostgreSQL, by whoever its tests are."""
    connection = await asyncpg.connect(url)
    try:
        # The walls between tenants stand for everybody who does not say for whom they look.
        await connection.execute("SET sendwell.tenant='*'")
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname=current_schema()"
        )
        return {
            name
            for (name,) in names
            if _found(map(tuple, await connection.fetch(f'SELECT * FROM "{name}"')), marks)  # noqa: S608 - a table of ours
        }
    finally:
        await connection.close()


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    yield from connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a table of ours


def _found(rows: Iterator[tuple[object, ...]], marks: tuple[str, ...]) -> bool:
    wanted = [mark.lower() for mark in marks]
    return any(mark in repr(row).lower() for row in rows for mark in wanted)
