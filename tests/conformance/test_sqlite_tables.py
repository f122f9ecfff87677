"""SQLite's writer finds the tables as a migration leaves them, also one right after the opening."""

import asyncio
import sqlite3
from pathlib import Path

from sqlalchemy import Column, Index, Integer, MetaData, Table, select
from sqlalchemy.dialects.sqlite import insert

from sendwell.adapters.sql.sqlite import SqliteDatabase

NOTE = Table("note", MetaData(), Column("number", Integer), Column("version", Integer))
TIME_TO_CONNECT_SECONDS = 0.3


async def test_an_index_made_after_the_opening_counts_for_the_first_write(tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    with sqlite3.connect(file) as earlier:
        earlier.execute("CREATE TABLE note (number INTEGER, version INTEGER)")
    earlier.close()
    database = SqliteDatabase(file)
    await asyncio.sleep(TIME_TO_CONNECT_SECONDS)

    with database.engine.connect() as connection:
        Index("note_number", NOTE.c.number, unique=True).create(connection)
    once = insert(NOTE).on_conflict_do_nothing(index_elements=["number"])
    for version in (1, 2):
        await database.execute(once.values(number=7, version=version))

    (row,) = await database.rows(select(NOTE))
    assert (row.number, row.version) == (7, 1)
    await database.close()
