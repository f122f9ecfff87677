"""PostgreSQL: group commits by asyncpg, each in a transaction of its own making.

There are two writers, one for urgent units and one for all others, each with a connection; while
one waits for the disk the other one and the event loop go on. What arrived while a commit was under
way is the next commit. A transaction whose COMMIT was sent and not answered is looked up by its
number, so that nothing is ever written twice or thought lost.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import asyncpg
import structlog
from sqlalchemy import Connection, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from sendwell.adapters.sql.lines import Line
from sendwell.adapters.sql.postgres_engine import (
    FAILURES,
    Fenced,
    away,
    driver_of,
    is_lost,
    is_met,
    let_go,
    open_engine,
)
from sendwell.adapters.sql.units import Result, Waiting, answer, run_merged
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Done, Unit, Write, acting_for, core

log = structlog.get_logger()
_READERS = 4
_WRITERS = 2
_TRIES = 3
"""Of a unit that met another process's: the second time it sees what that one has stored."""
_PATIENCE_SECONDS = 2.0
"""How long a unit waits for a database that is away; then its caller hears Unavailable."""
_PAUSE_SECONDS = 0.1
_ALL_TENANTS = "*"
_BEGIN = (
    f"BEGIN; SET LOCAL sendwell.tenant='{_ALL_TENANTS}';"
    # A process that is paused in the middle must not hold up who takes over from it.
    " SET LOCAL idle_in_transaction_session_timeout='5s'"
)
_T = TypeVar("_T")


class PostgresDatabase:
    """One database of a server, as one process uses it. Made inside the running event loop.

    `url` is `postgresql://user:password@host:port/name`, with what asyncpg takes behind the `?`;
    `pooled=true` there means that PgBouncer stands before it in transaction mode: then nothing of a
    session is relied on.
    """

    dialect = "postgresql"

    def __init__(self, url: str, *, readers: int = _READERS) -> None:
        self.engine, self._is_pooled = open_engine(url, readers + _WRITERS)
        self._fence: tuple[int, int] | None = None
        self._lost: Callable[[], None] = lambda: None
        self._urgent, self._others = Line(), Line()
        self._writers = [
            asyncio.create_task(self._write(line), name="postgres-writer")
            for line in (self._urgent, self._others)
        ]

    def fence(self, node: int, epoch: int, *, lost: Callable[[], None]) -> None:
        """From now on commits need this lease; when it has gone to another process, `lost`."""
        self._fence, self._lost = (node, epoch), lost

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        return await (self._urgent if is_urgent else self._others).join(unit)

    async def execute(self, *statements: Executable) -> list[Done]:
        (done,) = await self.commit([Write(core, statements)])
        return list(done)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        for is_last in (False, True):  # a connection may have died unnoticed: then on a new one
            try:
                return await self._rows(statement)
            except FAILURES as error:
                if not is_lost(error):
                    raise
                if is_last:
                    raise away(error) from error
        raise AssertionError

    async def with_connection(self, work: Callable[[Connection], _T]) -> _T:
        """Run something on a connection that commits by itself: migrations, upkeep."""
        try:
            async with self.engine.connect() as connection:
                raw = driver_of(connection)
                await raw.execute(f"SET sendwell.tenant='{_ALL_TENANTS}'; SET statement_timeout=0")
                try:
                    return await connection.run_sync(work)
                finally:
                    await connection.invalidate()
        except FAILURES as error:
            if is_lost(error):
                raise away(error) from error
            raise

    async def close(self) -> None:
        self._urgent.close()
        self._others.close()
        await asyncio.wait(self._writers)
        await self.engine.dispose()

    async def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        tenant = acting_for.get() or _ALL_TENANTS
        async with self.engine.connect() as connection:
            raw = driver_of(connection)
            if self._is_pooled:
                async with raw.transaction(readonly=True):
                    await raw.execute("SELECT set_config('sendwell.tenant',$1,true)", tenant)
                    return (await connection.execute(statement)).all()
            info = connection.sync_connection.info  # type: ignore[union-attr]
            if info.get("tenant") != tenant:
                await raw.execute("SELECT set_config('sendwell.tenant',$1,false)", tenant)
                info["tenant"] = tenant
            return (await connection.execute(statement)).all()

    async def _write(self, line: Line) -> None:
        connection: AsyncConnection | None = None
        while batch := await line.next():
            connection, results = await self._until_told(connection, batch)
            answer(batch, results)
        if connection is not None:
            await let_go(connection)

    async def _until_told(
        self, connection: AsyncConnection | None, batch: Sequence[Waiting]
    ) -> tuple[AsyncConnection | None, Sequence[Result]]:
        """Commit the batch, on a new connection where the old one was lost."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        attempt = _Attempt([unit for unit, _ in batch])
        while True:
            try:
                if connection is None:
                    connection = await self.engine.connect()
                return connection, await self._commit_together(connection, attempt)
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
                if connection is not None:
                    await let_go(connection)
                    connection = None
                # A commit that was not answered has to be looked up, however long that takes.
                is_bearable = attempt.number is not None or loop.time() < deadline
                if not is_lost(error) or not is_bearable:
                    return None, [self._told(error)] * len(batch)
            await asyncio.sleep(_PAUSE_SECONDS)

    def _told(self, error: Exception) -> Exception:
        """What the callers hear of it."""
        if isinstance(error, Fenced):
            self._lost()
            return Unavailable(str(error))
        return away(error) if is_lost(error) else error

    async def _commit_together(
        self, connection: AsyncConnection, attempt: "_Attempt"
    ) -> Sequence[Result]:
        """All units in one transaction; when that fails, each in its own, to find the culprit."""
        if attempt.number is not None:
            if await _was_committed(connection, attempt.number):
                return attempt.results
            attempt.number = None
        if not attempt.is_apart:
            try:
                return await self._transaction(connection, attempt, attempt.units)
            except Exception as error:
                if is_lost(error) or isinstance(error, Fenced):
                    raise
                attempt.is_apart = True
        return await self._commit_apart(connection, attempt)

    async def _commit_apart(
        self, connection: AsyncConnection, attempt: "_Attempt"
    ) -> Sequence[Result]:
        """Each unit in its own transaction; goes on behind those that have a result already."""
        while len(attempt.results) < len(attempt.units):
            unit = attempt.units[len(attempt.results)]
            attempt.results = [
                *attempt.results,
                await self._commit_alone(connection, unit, before=attempt),
            ]
        return attempt.results

    async def _commit_alone(
        self, connection: AsyncConnection, unit: Unit, *, before: "_Attempt"
    ) -> Result:
        alone = before.alone(unit)
        for left in reversed(range(_TRIES)):
            try:
                if alone.number is not None and await _was_committed(connection, alone.number):
                    return alone.results[0]
                return (await self._transaction(connection, alone, [unit]))[0]
            except Exception as error:
                if is_lost(error) or isinstance(error, Fenced):
                    raise
                if not left or not is_met(error):
                    return error
        raise AssertionError

    async def _transaction(
        self, connection: AsyncConnection, attempt: "_Attempt", units: Sequence[Unit]
    ) -> Sequence[Result]:
        raw = driver_of(connection)
        attempt.number = None
        await raw.execute(_BEGIN)
        try:
            number = await self._begin(raw)
            results = await connection.run_sync(run_merged, units)
            attempt.results, attempt.number = results, number
            await raw.execute("COMMIT")
        except BaseException as error:
            if not is_lost(error):
                attempt.number = None  # it was answered: nothing of it is stored
                with contextlib.suppress(*FAILURES):
                    await raw.execute("ROLLBACK")
            raise
        attempt.number = None
        return results

    async def _begin(self, raw: Any) -> int:
        """Check that we may write; gives the transaction's number."""
        if self._fence is None:
            return int(await raw.fetchval("SELECT pg_current_xact_id()::text::bigint"))
        try:
            return int(await raw.fetchval("SELECT sendwell_fence($1,$2)", *self._fence))
        except asyncpg.RaiseError as error:
            raise Fenced(error.args[0]) from error


class _Attempt:
    """Units on their way to the disk, and what is known of the transaction they travel in.

    `number` is there from just before COMMIT is sent until it is answered.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.number: int | None = None
        self.results: Sequence[Result] = ()
        self.is_apart = False
        self._alone: tuple[Unit, _Attempt] | None = None

    def alone(self, unit: Unit) -> "_Attempt":
        """The attempt at one of the units alone; the same one when it is begun again."""
        if self._alone is None or self._alone[0] is not unit:
            self._alone = (unit, _Attempt([unit]))
        return self._alone[1]


async def _was_committed(connection: AsyncConnection, number: int) -> bool:
    """What became of a transaction whose COMMIT was not answered; waits until that is known."""
    question = "SELECT pg_xact_status($1::text::xid8)"
    while True:
        status = await driver_of(connection).fetchval(question, str(number))
        if status != "in progress":
            return bool(status == "committed")
        await asyncio.sleep(_PAUSE_SECONDS)
