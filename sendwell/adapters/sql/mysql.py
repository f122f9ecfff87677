"""MySQL and MariaDB by aiomysql: group commits, each in a transaction of its own making.

There is no way to ask either server what became of a transaction. So each writer has one row in
`commit_log`, and every transaction writes its number there: the row of a transaction whose COMMIT
was not answered says whether it was stored, and stays locked for as long as that is not decided.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sendwell.adapters.sql import mysql_tables  # noqa: F401 - tables are made as it says
from sendwell.adapters.sql.again import twice
from sendwell.adapters.sql.group_commit import GroupCommit, Trouble
from sendwell.adapters.sql.mysql_engine import (
    FAILURES,
    NO_TABLE,
    UNHURRIED,
    away,
    code_of,
    is_lost,
    is_met,
    let_go,
    open_engine,
    passes,
    told,
)
from sendwell.ports.database import Done, Unit, Write, core
from sendwell.telemetry.outage import Outage

_READERS = 4
_WRITERS = 2
_PATIENCE_SECONDS = 35.0
"""How long we wait for an answer; the server itself gives a statement less."""

_LOG = """
    CREATE TABLE IF NOT EXISTS commit_log(
    writer BINARY(16) NOT NULL PRIMARY KEY, number BIGINT NOT NULL, at DATETIME NOT NULL
    ) ENGINE=InnoDB"""
_ENDED = "SELECT writer FROM commit_log WHERE at<UTC_TIMESTAMP()-INTERVAL 30 DAY LIMIT 100"
_FORGET = "DELETE FROM commit_log WHERE writer=%s AND at<UTC_TIMESTAMP()-INTERVAL 30 DAY"
_NOTE = """
    INSERT INTO commit_log(writer,number,at) VALUES(%s,%s,UTC_TIMESTAMP())
    ON DUPLICATE KEY UPDATE number=%s,at=UTC_TIMESTAMP()"""
_LOOK_UP = "SELECT number FROM commit_log WHERE writer=%s FOR UPDATE"
_T = TypeVar("_T")


class MysqlDatabase:
    """One database of a server, as one process uses it. Made inside the running event loop.

    `url` is `mysql://user:password@host:port/name`; behind the `?` may stand `ssl=true` or
    `ssl_ca=FILE` for TLS with the server's name checked, and `ssl_cert=FILE&ssl_key=FILE`.
    There is no row-level security here: each statement's own condition keeps tenants apart.
    """

    dialect = "mysql"

    def __init__(self, url: str, *, readers: int = _READERS) -> None:
        self.engine = open_engine(url, readers + _WRITERS)
        name = urlsplit(url).path.strip("/")
        self._unreadable = Outage("database.unreadable", "database.readable", database=name)
        self._commits = GroupCommit(
            name,
            urgent=_MysqlWriting(self.engine),
            others=[_MysqlWriting(self.engine)],
        )

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        return await self._commits.commit(unit, is_urgent=is_urgent)

    async def execute(self, *statements: Executable) -> list[Done]:
        (done,) = await self.commit([Write(core, statements)])
        return list(done)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        ask = partial(self._rows, statement)
        return await twice(
            ask, failures=FAILURES, is_lost=passes, away=away, outage=self._unreadable
        )

    async def with_connection(self, work: Callable[[Connection], _T]) -> _T:
        """Run something on a connection that commits by itself: migrations, upkeep."""
        try:
            async with self.engine.connect() as connection:
                try:
                    await connection.exec_driver_sql(UNHURRIED)
                    return await connection.run_sync(work)
                finally:
                    await connection.invalidate()
        except FAILURES as error:
            if passes(error):
                raise away(error) from error
            raise

    async def close(self) -> None:
        await self._commits.close()
        await self.engine.dispose()

    async def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        async with asyncio.timeout(_PATIENCE_SECONDS), self.engine.connect() as connection:
            return (await connection.execute(statement)).all()


class _MysqlWriting:
    """See Writing. A transaction's number counts those of its writer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._name = secrets.token_bytes(16)
        self._number = 0

    async def connect(self) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            await _open_log(connection)
        except BaseException:
            await let_go(connection)
            raise
        return connection

    async def begin(self, connection: AsyncConnection) -> int:
        self._number += 1
        await _run(connection, "START TRANSACTION")
        await _run(connection, _NOTE, self._name, self._number, self._number)
        return self._number

    async def commit(self, connection: AsyncConnection) -> None:
        await _run(connection, "COMMIT")

    async def rollback(self, connection: AsyncConnection) -> None:
        with contextlib.suppress(*FAILURES):
            await _run(connection, "ROLLBACK")

    async def was_committed(self, connection: AsyncConnection, number: int) -> bool:
        rows = await _run(connection, _LOOK_UP, self._name)
        return [number] == [row.number for row in rows]

    async def let_go(self, connection: AsyncConnection) -> None:
        await let_go(connection)

    def meaning(self, error: Exception) -> Trouble:
        if is_lost(error):
            return Trouble.LOST
        return Trouble.MET if is_met(error) else Trouble.OWN

    def told(self, error: Exception) -> Exception:
        return told(error)


async def _open_log(connection: AsyncConnection) -> None:
    """The table is there, and writers that ended long ago are forgotten."""
    try:
        ended = await _run(connection, _ENDED)
    except FAILURES as error:
        if code_of(error) != NO_TABLE:  # who may make none can work with what is there
            raise
        await _run(connection, _LOG)
        return
    # Each by its key: a DELETE that looks for them waits for every transaction that is open, and
    # where a host has vanished in one, MySQL keeps that open for minutes.
    try:
        for row in ended:
            await _run(connection, _FORGET, row.writer)
    except FAILURES as error:
        if not is_met(error):
            raise


async def _run(
    connection: AsyncConnection, statement: str, *arguments: object
) -> Sequence[Row[Any]]:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        result = await connection.exec_driver_sql(statement, arguments)
    return result.all() if result.returns_rows else ()
