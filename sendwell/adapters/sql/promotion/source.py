"""The SQLite file that is moved."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sendwell.adapters.sql.migration_status import PROMOTED
from sendwell.adapters.sql.promotion.shape import ONLY_ON_POSTGRES, Row, Shape
from sendwell.domain.errors import Conflict, Unavailable

MOST_ROWS = 1_000
MOST_BYTES = 8 * 1024 * 1024
"""In one batch: bodies may be large."""

_OURS = """
    SELECT name FROM sqlite_master AS m WHERE type='table'
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) AS c WHERE c.name='version_num')
    ORDER BY name"""
"""Alembic's own have a version_num."""

_BARE_POSITIONS = {"mark"}
"""There a position is a mark, and may be 0."""


class Source:
    """An open file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self) -> list[str]:
        """All that hold data."""
        return [name for (name,) in self._connection.execute(_OURS)]

    def columns(self, table: str) -> list[str]:
        """A table's columns."""
        return [row[1] for row in self._info(table)]

    def key(self, table: str) -> tuple[str, ...]:
        """A table's primary key."""
        parts = sorted((row[5], row[1]) for row in self._info(table) if row[5])
        return tuple(name for _, name in parts)

    def revision(self, owner: str) -> str | None:
        """The revision of an owner's tables."""
        known = "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?"
        if not self._connection.execute(known, (f"{owner}_version",)).fetchone():
            return None
        row = self._connection.execute(f'SELECT version_num FROM "{owner}_version"').fetchone()  # noqa: S608 - a role's name
        return row and str(row[0])

    def first_position(self) -> int | None:
        """The lowest position of all tables that have positions."""
        lowest = [
            self._connection.execute(f'SELECT min(position) FROM "{table}"').fetchone()[0]  # noqa: S608 - a table of ours
            for table in self.tables()
            if "position" in self.columns(table) and table not in _BARE_POSITIONS
        ]
        return min((each for each in lowest if each is not None), default=None)

    def count(self, table: str) -> int:
        """How many rows it has."""
        (count,) = self._connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608 - a table of ours
        return int(count)

    def batches(self, shape: Shape, after: Row | None = None) -> Iterator[list[Row]]:
        """All rows behind that key, in the order of keys. Each batch is a read of its own."""
        while batch := self._batch(shape, after):
            yield batch
            after = shape.key_of(batch[-1])

    def find(self, shape: Shape, keys: Sequence[Row]) -> Iterator[Row]:
        """The rows with these keys, of at most MOST_ROWS, each read when it is asked for."""
        given = ",".join([f"({','.join('?' * len(shape.key))})"] * len(keys))
        names = _names(shape.key)
        rows = self._connection.execute(
            f"WITH wanted({names}) AS (VALUES {given}) SELECT {_selected(shape)}"  # noqa: S608 - names of ours
            f' FROM wanted CROSS JOIN "{shape.name}" USING ({names})',
            [value for key in keys for value in key],
        )
        return map(shape.row, rows)

    def close_for_good(self) -> None:
        """Nothing can be started on this file any more."""
        self._connection.execute("UPDATE cluster_version SET version_num=?", (PROMOTED,))

    def _batch(self, shape: Shape, after: Row | None) -> list[Row]:
        names = _names(shape.key)
        behind = f"WHERE ({names})>({','.join('?' * len(after))})" if after else ""
        cursor = self._connection.execute(
            f'SELECT {_selected(shape)} FROM "{shape.name}" {behind}'  # noqa: S608 - names of ours
            f" ORDER BY {names} LIMIT {MOST_ROWS}",
            after or (),
        )
        with closing(cursor):
            return _until_large(map(shape.row, cursor))

    def _info(self, table: str) -> list[Any]:
        return self._connection.execute(f'PRAGMA table_info("{table}")').fetchall()


@contextmanager
def open_alone(file: Path) -> Iterator[Source]:
    """The file, with nobody else on it until the end. Raises Conflict when somebody is.

    Whoever has a file in WAL mode open shares a lock on it, also while nothing is to be done; so
    this asks for all of it, and the system takes it back should we die.
    """
    with _opened(file, "rw") as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise Conflict(
                f"Somebody is at work on {file}. Stop that Sendwell first, or copy ahead with"
                " --ahead while it goes on."
            ) from error
        connection.execute("PRAGMA synchronous=FULL")
        yield Source(connection)


@contextmanager
def open_beside(file: Path) -> Iterator[Source]:
    """The file, to read while others work on it."""
    with _opened(file, "ro") as connection:
        yield Source(connection)


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    if not file.is_file():
        raise Conflict(f"There is no database {file}: name the folder that `sendwell up` had.")
    address = f"file:{quote(str(file))}?mode={mode}"
    try:
        with closing(
            sqlite3.connect(address, uri=True, isolation_level=None, timeout=2)
        ) as connection:
            yield connection
    except sqlite3.Error as error:
        raise Unavailable(
            f"{file} cannot be read: {error}. `sendwell doctor` tells more."
        ) from error


def _until_large(rows: Iterator[Row]) -> list[Row]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if size > MOST_BYTES:
            break
    return batch


def _names(columns: Sequence[str]) -> str:
    return ",".join(f'"{name}"' for name in columns)


def _selected(shape: Shape) -> str:
    own = {name: made for (table, name), made in ONLY_ON_POSTGRES.items() if table == shape.name}
    return ",".join(own.get(name, f'"{name}"') for name in shape.names)
