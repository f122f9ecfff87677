"""PostgreSQL by asyncpg: group commits, each in a transaction of its own making."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import Connection, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sendwell.adapters.sql.again import twice
from sendwell.adapters.sql.group_commit import GroupCommit, Trouble
from sendwell.adapters.sql.postgres_engine import (
    FAILURES,
    Fenced,
    IdleSessions,
    Patience,
    away,
    driver_of,
    is_denied,
    is_lost,
    is_met,
    let_go,
    open_engine,
    unusable,
)
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Done, Unit, Write, acting_for, core
from sendwell.telemetry.outage import Outage

_READERS = 4
_WRITERS = 3
"""One for what is urgent, two for the rest: what is accepted does not wait for what was planned or
sent. A third brought nothing more."""
_PATIENCE = Patience()
_PAUSE_SECONDS = 0.1
_ALL_TENANTS = "*"
_BEGIN = (
    f"BEGIN; SET LOCAL sendwell.tenant='{_ALL_TENANTS}';"
    # A process that is paused in the middle must not hold up who takes over from it.
    " SET LOCAL idle_in_transaction_session_timeout='5s'"
)
_BORN, _LINE = "pg_postmaster_start_time()", "left(pg_walfile_name(pg_current_wal_lsn()),8)"
_HISTORY = f"{_BORN} AS born, {_LINE} AS line"
_IN_RECOVERY = "in recovery"
_NUMBER = f"SELECT pg_current_xact_id()::text::bigint AS number, {_HISTORY}"
_FENCED_NUMBER = f"SELECT sendwell_fence($1,$2) AS number, {_HISTORY}"
# A crash gives the numbers of transactions that had not reached the disk to others. So after a
# restart those from its first checkpoint on are not ours, unless it is a standby that took over.
# One that has not taken over may not have read yet what it was sent: it knows nothing.
_STATUS = f"""
    SELECT CASE WHEN line IS NULL THEN '{_IN_RECOVERY}'
        WHEN born=$2 OR line<>$3 OR $1::text::xid8<(split_part(next_xid,':',1)::numeric
        *4294967296+split_part(next_xid,':',2)::numeric)::text::xid8
        THEN pg_xact_status($1::text::xid8) ELSE 'aborted' END
    FROM (SELECT {_BORN} AS born, CASE WHEN NOT pg_is_in_recovery() THEN {_LINE} END AS line)
        AS history, pg_control_checkpoint()"""
_T = TypeVar("_T")


class PostgresDatabase:
    """One database of a server, as one process uses it. Made inside the running event loop.

    `url` is `postgresql://user:password@host:port/name`, with what asyncpg takes behind the `?`;
    `pooled=true` there means that PgBouncer stands before it in transaction mode: then nothing of a
    session is relied on.
    """

    dialect = "postgresql"

    def __init__(
        self, url: str, *, readers: int = _READERS, patience: Patience = _PATIENCE
    ) -> None:
        self._url = url
        self.engine, self._is_pooled = open_engine(
            url, readers + _WRITERS, within=patience.statement
        )
        self._idle = IdleSessions(self.engine)
        self._writing = PostgresWriting(self.engine, patience)
        others = [self._writing] * (_WRITERS - 1)
        name = urlsplit(url).path.strip("/")
        self._commits = GroupCommit(name, urgent=self._writing, others=others)
        self._unreadable = Outage("database.unreadable", "database.readable", database=name)

    def fence(self, node: int, epoch: int, *, lost: Callable[[], None]) -> None:
        """From now on commits need this lease; when it has gone to another process, `lost`."""
        self._writing.fence, self._writing.lost = (node, epoch), lost

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        return await self._commits.commit(unit, is_urgent=is_urgent)

    async def execute(self, *statements: Executable) -> list[Done]:
        (done,) = await self.commit([Write(core, statements)])
        return list(done)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        ask = partial(self._rows, statement)
        return await twice(
            ask, failures=FAILURES, is_lost=self._is_lost, away=away, outage=self._unreadable
        )

    async def with_connection(self, work: Callable[[Connection], _T]) -> _T:
        """Run something on a connection that commits by itself: migrations, upkeep.

        It has one of its own, and all the time that it takes.
        """
        engine, _ = open_engine(self._url, 1)
        try:
            async with engine.connect() as connection:
                raw = driver_of(connection)
                await raw.execute(f"SET sendwell.tenant='{_ALL_TENANTS}'; SET statement_timeout=0")
                return await connection.run_sync(work)
        except FAILURES as error:
            if is_lost(error) or is_denied(error):
                raise unusable(error) from error
            raise
        finally:
            await engine.dispose()

    async def close(self) -> None:
        await self._commits.close()
        await self.engine.dispose()

    def _is_lost(self, error: Exception) -> bool:
        if is_it := is_lost(error):
            self._idle.doubt()
        return is_it

    async def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        tenant = acting_for.get() or _ALL_TENANTS
        async with self.engine.connect() as connection:
            raw = driver_of(connection)
            if self._is_pooled:
                async with raw.transaction(readonly=True):
                    with _answering(raw):
                        await raw.execute("SELECT set_config('sendwell.tenant',$1,true)", tenant)
                        return (await connection.execute(statement)).all()
            info = connection.sync_connection.info  # type: ignore[union-attr]
            with _answering(raw):
                if info.get("tenant") != tenant:
                    info["tenant"] = None  # who is cancelled now never hears which it has become
                    await raw.execute("SELECT set_config('sendwell.tenant',$1,false)", tenant)
                    info["tenant"] = tenant
                return (await connection.execute(statement)).all()


@contextlib.contextmanager
def _answering(raw: Any) -> Iterator[None]:
    """A session that does not answer in time is not used again, and not taken leave of."""
    try:
        yield
    except TimeoutError:
        raw.terminate()
        raise


class _Number(int):
    """PostgreSQL's own for a transaction; when the server was started that gave it, and on which
    line of its history.
    """

    born: datetime
    line: str

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        number = cls(row["number"])
        number.born, number.line = row["born"], row["line"]
        return number


class PostgresWriting:
    """See Writing. Its numbers are only good with their history."""

    def __init__(self, engine: AsyncEngine, patience: Patience = _PATIENCE) -> None:
        self._engine = engine
        self._turn_seconds = patience.turn.total_seconds()
        self.fence: tuple[int, int] | None = None
        self.lost: Callable[[], None] = lambda: None

    async def connect(self) -> AsyncConnection:
        return await self._engine.connect()

    async def begin(self, connection: AsyncConnection) -> int:
        raw, within = driver_of(connection), self._turn_seconds
        await raw.execute(_BEGIN, timeout=within)
        if self.fence is None:
            return _Number.of(await raw.fetchrow(_NUMBER, timeout=within))
        try:
            return _Number.of(await raw.fetchrow(_FENCED_NUMBER, *self.fence, timeout=within))
        except asyncpg.RaiseError as error:
            raise Fenced(error.args[0]) from error

    async def commit(self, connection: AsyncConnection) -> None:
        raw = driver_of(connection)
        # The connection is ended, for a time-out would cancel: who waits for its standby then says
        # yes without it.
        overdue = asyncio.get_running_loop().call_later(self._turn_seconds, raw.terminate)
        try:
            await raw.execute("COMMIT")
        finally:
            overdue.cancel()

    async def rollback(self, connection: AsyncConnection) -> None:
        with contextlib.suppress(*FAILURES):
            await driver_of(connection).execute("ROLLBACK")

    async def was_committed(self, connection: AsyncConnection, number: int) -> bool:
        assert isinstance(number, _Number)  # noqa: S101 - `begin` has given it
        known = (str(int(number)), number.born, number.line)
        while True:
            try:
                status = await driver_of(connection).fetchval(
                    _STATUS, *known, timeout=self._turn_seconds
                )
            except asyncpg.InvalidParameterValueError:  # a crash took it back, nobody has it yet
                return False
            if status == _IN_RECOVERY:  # what `begin` is told there, too
                raise asyncpg.ReadOnlySQLTransactionError("The server is a standby.")
            if status != "in progress":
                return bool(status == "committed")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def let_go(self, connection: AsyncConnection) -> None:
        await let_go(connection)

    def meaning(self, error: Exception) -> Trouble:
        if isinstance(error, Fenced):
            return Trouble.FENCED
        if is_lost(error):
            return Trouble.LOST
        return Trouble.MET if is_met(error) else Trouble.OWN

    def told(self, error: Exception) -> Exception:
        if isinstance(error, Fenced):
            self.lost()
            return Unavailable(str(error))
        return away(error) if is_lost(error) else error
