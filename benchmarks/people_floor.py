"""The floor of an import: the same CSV read by the standard library, its rows put into a database
with nothing around it, a thousand in a transaction.

    python -m benchmarks.people_floor FILE [--database postgresql://…]
"""

import argparse
import asyncio
import csv
import json
import sqlite3
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import asyncpg

_AT_ONCE = 1_000
_TABLE = """
    CREATE TABLE person(
    tenant TEXT NOT NULL, user_id TEXT NOT NULL, body {bytes} NOT NULL, created_at BIGINT NOT NULL,
    PRIMARY KEY(tenant, user_id))"""
Row = tuple[str, str, bytes, int]


def batches(file: Path) -> Iterator[list[Row]]:
    """The people of the file, as rows."""
    with file.open(newline="") as content:
        people = csv.DictReader(content)
        while found := list(islice(people, _AT_ONCE)):
            yield [("bench", one["user_id"], json.dumps(one).encode(), 1) for one in found]


def into_sqlite(file: Path, path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_TABLE.format(bytes="BLOB"))
    for rows in batches(file):
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO person VALUES(?,?,?,?)", rows)
        connection.execute("COMMIT")
    connection.close()


async def into_postgres(file: Path, url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE.format(bytes="BYTEA"))
    insert = (
        "INSERT INTO person SELECT * FROM unnest($1::text[],$2::text[],$3::bytea[],$4::bigint[])"
    )
    for rows in batches(file):
        await connection.execute(insert, *map(list, zip(*rows, strict=True)))
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.people_floor", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--database", help="URL of a PostgreSQL; else a new SQLite file beside it")
    options = parser.parse_args()
    begun = time.perf_counter()
    if options.database:
        asyncio.run(into_postgres(options.file, options.database))
    else:
        into_sqlite(options.file, options.file.with_suffix(".floor"))
    print(json.dumps({"seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
