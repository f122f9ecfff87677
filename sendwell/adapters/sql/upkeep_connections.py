"""Connections for upkeep, one kind of database after the other."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import NullPool

from sendwell.adapters.sql.upkeep import Upkeep
from sendwell.domain.errors import Unavailable

if TYPE_CHECKING:  # it needs what only the extras for servers bring along
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_T = TypeVar("_T")
_POSTGRES_SESSION = (
    "SET sendwell.tenant='*'",
    "SET statement_timeout=0",
    "SET lock_timeout='500ms'",
)
_MYSQL_SESSION = ("SET SESSION lock_wait_timeout=1",)
_LOCKED = {"55P03", "40P01"}
"""PostgreSQL: lock_not_available, deadlock_detected."""
_WAITED_TOO_LONG = 1205
"""MySQL, for a row or a table."""


@asynccontextmanager
async def open_postgres(url: str) -> AsyncIterator[Upkeep]:
    """A connection to the server itself, past any PgBouncer. Raises Unavailable."""
    from sendwell.adapters.sql.postgres_engine import (
        FAILURES,
        is_denied,
        is_lost,
        open_engine,
        unusable,
    )

    engine, _ = open_engine(url, 1)
    try:
        async with _session(engine, _POSTGRES_SESSION) as connection:
            yield _Postgres(connection)
    except FAILURES as error:
        if is_lost(error) or is_denied(error):
            raise unusable(error) from error
        raise


@asynccontextmanager
async def open_mysql(url: str) -> AsyncIterator[Upkeep]:
    """A connection to MySQL or MariaDB. Raises Unavailable."""
    from sendwell.adapters.sql import mysql_tables  # noqa: F401 - tables are made as it says
    from sendwell.adapters.sql.mysql_engine import FAILURES, away, open_engine, passes

    try:
        async with _session(open_engine(url, 1), _MYSQL_SESSION) as connection:
            yield _Mysql(connection)
    except FAILURES as error:
        if passes(error):
            raise away(error) from error
        raise


@asynccontextmanager
async def open_sqlite(file: Path) -> AsyncIterator[Upkeep]:
    """A connection to the file, which is made where there is none."""
    from sendwell.adapters.sql.sqlite import SqliteDatabase

    file.parent.mkdir(parents=True, exist_ok=True)
    async with read_sqlite(file) as look:  # what is no database is told in a sentence
        await look.run(lambda connection: connection.exec_driver_sql("PRAGMA schema_version"))
    database = SqliteDatabase(file)
    try:
        with _unavailable():
            yield _Sqlite(database.engine)
    finally:
        await database.close()


@asynccontextmanager
async def read_sqlite(file: Path) -> AsyncIterator[Upkeep]:
    """A connection to the file that changes nothing; where there is none, to an empty database."""
    engine = create_engine(
        _to_read(file),
        poolclass=NullPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    try:
        with _unavailable():
            yield _Sqlite(engine)
    finally:
        engine.dispose()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise Unavailable(f"SQLite says: {error.orig}. `sendwell doctor` tells more.") from error


def _to_read(file: Path) -> str:
    return f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true" if file.is_file() else "sqlite://"


@asynccontextmanager
async def _session(
    engine: "AsyncEngine", statements: Sequence[str]
) -> AsyncIterator["AsyncConnection"]:
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)
            yield connection
    finally:
        await engine.dispose()


class _Postgres:
    def __init__(self, connection: "AsyncConnection") -> None:
        self._connection = connection

    async def run(self, work: Callable[[Connection], _T]) -> _T:
        return await self._connection.run_sync(work)

    def is_locked(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) in _LOCKED

    async def holders(self) -> str:
        rows = (await self._connection.execute(text(_HOLDERS))).all()
        told = [
            f"session {row.pid} ({row.application_name or 'unnamed'}, {row.state or 'hidden'} for"
            f" {row.seconds} s)"
            for row in rows
        ]
        return ", ".join(told) or "a session that has ended meanwhile"


class _Mysql:
    def __init__(self, connection: "AsyncConnection") -> None:
        self._connection = connection

    async def run(self, work: Callable[[Connection], _T]) -> _T:
        return await self._connection.run_sync(work)

    def is_locked(self, error: DBAPIError) -> bool:
        from sendwell.adapters.sql.mysql_engine import code_of

        return code_of(error) == _WAITED_TOO_LONG

    async def holders(self) -> str:
        return "another session"


class _Sqlite:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def run(self, work: Callable[[Connection], _T]) -> _T:
        return await asyncio.to_thread(self._run, work)

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        with self._engine.connect() as connection:
            return work(connection)

    def is_locked(self, error: DBAPIError) -> bool:
        return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)

    async def holders(self) -> str:
        return "another process that writes"


_HOLDERS = """
    SELECT a.pid, a.application_name, a.state,
    extract(epoch FROM now()-a.xact_start)::int AS seconds
    FROM pg_stat_activity AS a WHERE a.pid<>pg_backend_pid() AND a.xact_start IS NOT NULL
    AND EXISTS (
      SELECT FROM pg_locks AS l JOIN pg_class AS c ON c.oid=l.relation
      WHERE l.pid=a.pid AND l.granted AND c.relnamespace=current_schema()::regnamespace
      AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database()))
    ORDER BY a.xact_start LIMIT 3"""
