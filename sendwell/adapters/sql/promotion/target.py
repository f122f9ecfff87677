"""The PostgreSQL that is moved to. Raises Unavailable when it goes away."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from sendwell.adapters.sql.postgres_engine import (
    FAILURES,
    is_denied,
    is_lost,
    plain_url,
    unusable,
)
from sendwell.adapters.sql.promotion.canon import key_of_text, key_text
from sendwell.adapters.sql.promotion.shape import ONLY_ON_POSTGRES, Column, Row, Shape
from sendwell.adapters.sql.promotion.source import MOST_BYTES, MOST_ROWS, Source
from sendwell.domain.errors import Conflict

_TIMEOUT_SECONDS = 10
_LONG = {"bytea", "character varying", "text"}
"""The types whose values may be."""


class Target:
    """An open database, with all rights of workers."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def shapes(self, source: Source) -> list[Shape]:
        """The tables of the source, as both know them. Raises Conflict for what is unknown here."""
        return [await self._shape(source, table) for table in source.tables()]

    async def copied_to(self, shape: Shape) -> Row | None:
        """The last key that an earlier attempt has copied."""
        text = await self._connection.fetchval(
            "SELECT last_key FROM promotion WHERE name=$1", shape.name
        )
        return None if text is None else key_of_text(text)

    async def copy(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Add rows, and remember how far it came: both or neither."""
        async with self._connection.transaction():
            await self.add(shape, rows)
            await self._connection.execute(
                "INSERT INTO promotion(name,last_key) VALUES($1,$2)"
                " ON CONFLICT(name) DO UPDATE SET last_key=excluded.last_key",
                shape.name,
                key_text(shape.key_of(rows[-1])),
            )

    async def add(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Add rows; what is there already stays as it is. Raises Conflict for what does not fit."""
        given = _arrays(shape.types(shape.names))
        try:
            await self._connection.execute(
                f'INSERT INTO "{shape.name}"({_names(shape.names)}) SELECT * FROM unnest({given})'  # noqa: S608 - names of ours
                " ON CONFLICT DO NOTHING",
                *_columns(rows),
            )
        except asyncpg.DataError as error:
            raise Conflict(
                f"PostgreSQL does not take a row of {shape.name}: {error}. Correct it in the file,"
                " and come again."
            ) from error

    async def find(self, shape: Shape, rows: Sequence[Row]) -> dict[Row, Row]:
        """The rows that have the same keys as these, by the key in the file."""
        wanted = _arrays(shape.types(shape.wide_key))
        selected = ",".join(f'own."{name}"' for name in shape.names)
        found = await self._connection.fetch(
            f"SELECT {selected} FROM unnest({wanted}) AS wanted({_names(shape.wide_key)})"  # noqa: S608 - names of ours
            f' JOIN "{shape.name}" AS own USING ({_names(shape.wide_key)})',
            *_columns([shape.wide_key_of(row) for row in rows]),
        )
        rows = [tuple(row) for row in found]
        return {shape.key_of(row): row for row in rows}

    async def remove(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Remove rows."""
        wanted = _arrays(shape.types(shape.wide_key))
        same = " AND ".join(f'own."{name}"=wanted."{name}"' for name in shape.wide_key)
        await self._connection.execute(
            f'DELETE FROM "{shape.name}" AS own USING unnest({wanted})'  # noqa: S608 - names of ours
            f" AS wanted({_names(shape.wide_key)}) WHERE {same}",
            *_columns([shape.wide_key_of(row) for row in rows]),
        )

    async def batches(self, shape: Shape) -> AsyncIterator[list[Row]]:
        """All rows, in this server's order of keys, as many at once as of the file."""
        names = _names(shape.wide_key)
        types = shape.types(shape.wide_key)
        given = ",".join(f"${number}::{kind}" for number, kind in enumerate(types, 1))
        behind, last = "", Row()
        while rows := await self._connection.fetch(_batch(shape, behind), *last):
            yield (batch := [tuple(row) for row in rows])
            behind, last = f"WHERE ({names})>({given})", shape.wide_key_of(batch[-1])

    async def count(self, shape: Shape) -> int:
        """How many rows a table has."""
        return int(await self._connection.fetchval(f'SELECT count(*) FROM "{shape.name}"'))  # noqa: S608 - a table of ours

    async def learn(self, shape: Shape) -> None:
        """Let the server see how large a table has become: it knows only empty ones."""
        await self._connection.execute(f'ANALYZE "{shape.name}"')

    async def _shape(self, source: Source, table: str) -> Shape:
        columns = [Column(*row) for row in await self._connection.fetch(_COLUMNS, table)]
        wide_key = await self._connection.fetchval(_KEY, table)
        made = {name for owner, name in ONLY_ON_POSTGRES if owner == table}
        if {name for name, _ in columns} - made != set(source.columns(table)):
            raise Conflict(
                f"The table {table} is not the same in both databases: run `sendwell migrate` on"
                " both by this version, and come again."
            )
        return Shape(table, tuple(columns), source.key(table), tuple(wide_key))


@asynccontextmanager
async def open_target(url: str) -> AsyncIterator[tuple[Target, Any]]:
    """The database and the driver's connection to it."""
    try:
        connection = await _connect(url)
        try:
            yield Target(connection), connection
        finally:
            await connection.close(timeout=_TIMEOUT_SECONDS)
    except FAILURES as error:
        if is_lost(error) or is_denied(error):
            raise unusable(error) from error
        raise


async def _connect(url: str) -> Any:
    try:
        return await asyncpg.connect(
            plain_url(url),
            timeout=_TIMEOUT_SECONDS,
            server_settings={
                "application_name": "sendwell promote",
                "sendwell.tenant": "*",
                # Rows are looked up by key: in a table without statistics anything else is guessed.
                "enable_hashjoin": "off",
                "enable_mergejoin": "off",
            },
        )
    except asyncpg.PostgresError as error:
        raise unusable(error) from error


def _batch(shape: Shape, behind: str) -> str:
    """Rows until they are large. How long a value is PostgreSQL knows without reading it."""
    key, names = _names(shape.wide_key), _names(shape.names)
    long = (f'octet_length("{name}")' for name, kind in shape.columns if kind in _LONG)
    size = "+".join(["0", *(f"coalesce({each},0)" for each in long)])
    own = f'SELECT {names},{size} AS "own size" FROM "{shape.name}" {behind} ORDER BY {key}'  # noqa: S608 - names of ours
    summed = f'sum("own size") OVER (ORDER BY {key})-"own size" AS "size before"'
    return (
        f"SELECT {names} FROM (SELECT *,{summed} FROM ({own} LIMIT {MOST_ROWS}) AS own) AS own"  # noqa: S608 - the same
        f' WHERE "size before"<={MOST_BYTES} ORDER BY {key}'
    )


def _names(columns: Sequence[str]) -> str:
    return ",".join(f'"{name}"' for name in columns)


def _arrays(types: Sequence[str]) -> str:
    return ",".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid,NULL) FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid=a.attrelid
    WHERE c.relname=$1 AND c.relnamespace=current_schema()::regnamespace
    AND a.attnum>0 AND NOT a.attisdropped ORDER BY a.attnum"""

_KEY = """
    SELECT array_agg(a.attname::text ORDER BY place.number) FROM pg_index AS i
    JOIN pg_class AS c ON c.oid=i.indrelid
    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS place(attribute,number)
    JOIN pg_attribute AS a ON a.attrelid=i.indrelid AND a.attnum=place.attribute
    WHERE c.relname=$1 AND c.relnamespace=current_schema()::regnamespace AND i.indisprimary"""
