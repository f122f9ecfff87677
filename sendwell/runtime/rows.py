"""Many rows in one SQLite statement.

Measured: row by row a writer thread loses the GIL once a row; one statement
of many rows keeps it. Chunks are powers of two, so that few texts are compiled and all are cached.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from sendwell.ports.database import driver

_LARGEST = 256
_MOST_PARAMETERS = 32_000
Values = tuple[Any, ...]


def insert(connection: Connection, into: str, rows: Sequence[Values], *, then: str = "") -> int:
    """Insert all rows; `into` is `table(columns)`, `then` what follows the values.

    Gives how many rows were inserted or changed. Statements on the hot path have no RETURNING: it
    gives the GIL away once for each row.
    """
    raw = driver(connection)
    changed = 0
    for chunk in _chunks(rows, len(rows[0]) if rows else 1):
        text = _insert_text(into, len(chunk[0]), len(chunk), then)
        changed += raw.execute(text, list(chain.from_iterable(chunk))).rowcount
    return changed


def for_keys(
    connection: Connection, before: str, keys: Sequence[Any], *, after: str = ""
) -> list[Values]:
    """Run `before (?, ?, …) after` for all keys, in chunks; gives the rows."""
    raw = driver(connection)
    rows: list[Values] = []
    for chunk in _chunks(keys, 1):
        rows += raw.execute(_keys_text(before, len(chunk), after), chunk).fetchall()
    return rows


def for_rows(connection: Connection, before: str, rows: Sequence[Values]) -> list[Values]:
    """Run `before (VALUES (?, ?), …)` for all rows, in chunks; gives what that gives."""
    raw = driver(connection)
    found: list[Values] = []
    for chunk in _chunks(rows, len(rows[0]) if rows else 1):
        row = f"({','.join('?' * len(chunk[0]))})"
        text = f"{before} (VALUES {','.join([row] * len(chunk))})"
        found += raw.execute(text, list(chain.from_iterable(chunk))).fetchall()
    return found


def _chunks(rows: Sequence[Any], columns: int) -> Iterator[Sequence[Any]]:
    start, size = 0, _LARGEST
    while size * columns > _MOST_PARAMETERS:
        size //= 2
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


@lru_cache(256)
def _insert_text(into: str, columns: int, rows: int, then: str) -> str:
    row = f"({','.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {','.join([row] * rows)} {then}"


@lru_cache(256)
def _keys_text(before: str, keys: int, after: str) -> str:
    return f"{before} ({','.join('?' * keys)}) {after}"
