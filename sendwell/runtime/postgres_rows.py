"""Many rows in one PostgreSQL statement: columns travel as arrays and come out of `unnest`.

To be called inside an operation only, where SQLAlchemy's greenlet can wait for asyncpg.

What is common is inserted plainly, and where another process has inserted the same at the same
moment the group is written again: behind ON CONFLICT each row is written ahead twice (48 bytes).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.util import await_only

from sendwell.ports.database import driver

_UNIQUE_VIOLATION = "23505"
_PIECE_BYTES = 400_000
"""asyncpg's pieces have 512 KiB."""
_UNNEST = re.compile(r"unnest\([^)]*\)")
_ARRAY = re.compile(r"\$(\d+)::(bigint|int|text)\[\]")


def fetch(connection: Connection, text: str, *arguments: Any) -> list[Any]:
    """Run one statement; gives its rows."""
    told, given = _told(text, arguments)
    rows: list[Any] = await_only(driver(connection).fetch(told, *given))
    return rows


def execute(connection: Connection, text: str, *arguments: Any) -> int:
    """Run one statement; gives how many rows it inserted or changed."""
    told, given = _told(text, arguments)
    status: str = await_only(driver(connection).execute(told, *given))
    return int(status.rpartition(" ")[2])


def copy_in(
    connection: Connection, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Rows that are all new, into a table without a wall: where they are many, the server has them
    in half the time, and writes those of a page ahead as one (40 bytes less for each).
    """
    for some in _portions(rows):
        await_only(driver(connection).copy_records_to_table(table, columns=names, records=some))


def is_taken(error: Exception, index: str) -> bool:
    """Whether a statement has failed because something is in this unique index already."""
    told = getattr(error, "sqlstate", None), getattr(error, "constraint_name", None)
    return told == (_UNIQUE_VIOLATION, index)


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows turned into columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def written(column: Sequence[Any], kind: str) -> str:
    """Numbers or texts, or None between them, as PostgreSQL writes an array of them."""
    if None in column:
        if column.count(None) == len(column):
            return "{" + ",".join(["NULL"] * len(column)) + "}"
        write = str if kind != "text" else _quoted
        return "{" + ",".join(["NULL" if each is None else write(each) for each in column]) + "}"
    if kind != "text":
        return "{" + ",".join(map(str, column)) + "}"
    joined = '","'.join(column)
    if "\\" in joined or joined.count('"') != 2 * (len(column) - 1):
        return "{" + ",".join(map(_quoted, column)) + "}"
    return '{"' + joined + '"}'  # as nearly always: nothing in it needs more than its quotes


def _portions(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Each as much as asyncpg sends in one piece: between two it waits for the socket, and when the
    connection is lost then, it waits for ever. What is longer by itself is one piece, too.
    """
    some: list[Sequence[Any]] = []
    weight = 0
    for row in rows:
        added = sum(_weight(value) for value in row)
        if some and weight + added > _PIECE_BYTES:
            yield some
            some, weight = [], 0
        some.append(row)
        weight += added
    if some:
        yield some


def _weight(value: object) -> int:
    """In bytes, at most, and with what stands before it."""
    if isinstance(value, str):
        return 4 * len(value) + 4
    return len(value) + 4 if isinstance(value, bytes) else 12


def _told(text: str, arguments: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The statement with its arrays of numbers and texts as they are written, not as values.

    asyncpg asks of each value in an array whether it is an array itself: of a row of 15 columns
    that is 13 us, against 5 this way, and the server reads it no slower.
    """
    told, arrays = _with_written_arrays(text)
    given = list(arguments)
    for place, kind in arrays:
        given[place] = written(given[place], kind)
    return told, given


@lru_cache(maxsize=512)
def _with_written_arrays(text: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The statement, and which of its arguments become what kind of written array.

    Only where they are read once, as rows: behind ANY they would be read for each row looked at.
    """
    lists = "".join(_UNNEST.findall(text))
    arrays = {(int(place) - 1, kind) for place, kind in _ARRAY.findall(lists)}
    told = _UNNEST.sub(lambda found: _ARRAY.sub(r"$\1::text::\2[]", found[0]), text)
    return told, tuple(sorted(arrays))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
