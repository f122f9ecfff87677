"""SQLite in WAL mode with synchronous=FULL: one writer thread that group-commits, some readers.

Measured in PERFORMANCE section 3: a commit for each request gives 6,600 rows/s here, natural group
commit with multi-row statements 75,700. It needs no timer: what arrived while the last commit was
in flight is the next batch.
"""

import asyncio
import contextlib
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, event
from sqlalchemy.pool import NullPool

from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Done, Operation, Unit, Write, core, driver

_READERS = 2
_MOST_WAITING = 20_000
_LEAST_SQLITE = (3, 35, 0)  # RETURNING

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=2000",
)

_WRITER_CACHE_KIB = 16_384
_READER_CACHE_KIB = 4_096
"""A process may have 150 MB, and readers ask for what was written a moment ago."""

_T = TypeVar("_T")
_Waiting = tuple[Unit, asyncio.Future[list[Sequence[Any]]]]


class SqliteDatabase:
    """One file. Made inside the running event loop that will use it."""

    def __init__(self, path: Path) -> None:
        if sqlite3.sqlite_version_info < _LEAST_SQLITE:
            raise Unavailable(
                f"SQLite {sqlite3.sqlite_version} is too old; Sendwell needs 3.35 or newer."
            )
        # The writer thread must get the GIL back quickly after each sqlite3 call: with the default
        # of 5 ms durable intake is halved (PERFORMANCE section 7).
        sys.setswitchinterval(50e-6)
        self.engine = _engine(path)
        self._loop = asyncio.get_running_loop()
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._is_closing = False
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._writer = threading.Thread(target=self._write, name="sqlite-writer", daemon=True)
        self._writer.start()

    async def commit(self, unit: Unit) -> list[Sequence[Any]]:
        if self._is_closing:
            raise Unavailable("The database is closing.")
        if self._waiting.qsize() >= _MOST_WAITING:
            raise Unavailable("More writes wait for the database than it can take right now.")
        future: asyncio.Future[list[Sequence[Any]]] = self._loop.create_future()
        self._waiting.put((unit, future))
        return await future

    async def execute(self, *statements: Executable) -> list[Done]:
        (done,) = await self.commit([Write(core, statements)])
        return list(done)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        return await self._loop.run_in_executor(self._readers, self._read, statement)

    async def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._waiting.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self.engine.dispose()

    def _read(self, statement: Executable) -> Sequence[Row[Any]]:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect(_READER_CACHE_KIB)
        return connection.execute(statement).all()

    def _connect(self, cache_kib: int) -> Connection:
        # Autocommit keeps SQLAlchemy from opening transactions of its own: each read sees the last
        # commit, and the writer says BEGIN and COMMIT itself.
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        driver(connection).execute(f"PRAGMA cache_size=-{cache_kib}")
        self._connections.append(connection)
        return connection

    def _write(self) -> None:
        connection = self._connect(_WRITER_CACHE_KIB)
        is_open = True
        while is_open:
            batch, is_open = self._next()
            if batch:
                results = _commit_together(connection, batch)
                self._loop.call_soon_threadsafe(_answer, batch, results)

    def _next(self) -> tuple[list[_Waiting], bool]:
        """Everything that waits now, at least one; False at the end, which comes after all."""
        batch: list[_Waiting] = []
        item = self._waiting.get()
        while item is not None:
            batch.append(item)
            try:
                item = self._waiting.get_nowait()
            except Empty:
                return batch, True
        return batch, False


_Result = list[Sequence[Any]] | Exception


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    return engine


def _commit_together(connection: Connection, batch: Sequence[_Waiting]) -> list[_Result]:
    """All units in one transaction; when that fails, each in its own, to find the culprit."""
    units = [unit for unit, _ in batch]
    try:
        return list(_transaction(connection, lambda: _run_merged(connection, units)))
    except Exception as error:  # noqa: BLE001 - whatever it was, the callers must hear of it
        if len(units) == 1:
            return [error]
    return [_commit_alone(connection, unit) for unit in units]


def _commit_alone(connection: Connection, unit: Unit) -> _Result:
    try:
        return _transaction(connection, lambda: _run_merged(connection, [unit]))[0]
    except Exception as error:  # noqa: BLE001 - the caller hears of it
        return error


def _transaction(connection: Connection, work: Callable[[], _T]) -> _T:
    raw: sqlite3.Connection = driver(connection)
    raw.execute("BEGIN IMMEDIATE")
    try:
        result = work()
        raw.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            raw.execute("ROLLBACK")
        raise
    return result


def _run_merged(connection: Connection, units: Sequence[Unit]) -> list[list[Sequence[Any]]]:
    """Run each operation once, over the items of all units, and deal its results out again."""
    items: dict[Operation, list[Any]] = {}
    for unit in units:
        for write in unit:
            items.setdefault(write.operation, []).extend(write.items)
    results = {operation: operation(connection, given) for operation, given in items.items()}
    taken = dict.fromkeys(items, 0)
    dealt = []
    for unit in units:
        shares = []
        for write in unit:
            start = taken[write.operation]
            taken[write.operation] = stop = start + len(write.items)
            result = results[write.operation]
            shares.append(() if result is None else result[start:stop])
        dealt.append(shares)
    return dealt


def _answer(batch: Sequence[_Waiting], results: Sequence[_Result]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():  # whoever asked has gone; the commit stands
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
