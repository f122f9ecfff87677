"""SQLite in WAL mode with synchronous=FULL: one writer thread that group-commits, some readers.

Measured with 256 callers: a commit for each request gives 6,600 rows/s here, natural group commit
with multi-row statements 75,700. It needs no timer: what arrived while the last commit was in
flight is the next batch.
"""

import asyncio
import contextlib
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, Executable, Row, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sendwell.adapters.sql.sqlite_away import away
from sendwell.adapters.sql.units import Result, Waiting, answer, run_merged
from sendwell.domain.errors import Unavailable
from sendwell.domain.pauses import Pauses
from sendwell.ports.database import Done, Unit, Write, acting_for, core, driver
from sendwell.telemetry.outage import Outage

log = structlog.get_logger()
_READERS = 2
"""For the flow, and as many for those who ask by API or pages: a long list holds up no delivery."""
_MOST_WAITING = 20_000
_CACHED_STATEMENTS = 512
"""A hot statement has a text for each power of two of rows; compiled anew it takes milliseconds."""
_TRIES_AGAIN_SECONDS = 1.0
_LONGEST_TRIES_AGAIN_SECONDS = 30.0
_LARGEST_COMMIT = 512
"""Items, of all writes."""
_LEAST_SQLITE = (3, 35, 0)  # RETURNING

_LOG_BYTES = 8 * 1024 * 1024
_LONG_LOG_BYTES = 64 * 1024 * 1024
_LOOKS_AT_LOG_EVERY = 32
"""Commits."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",  # what was erased is not left in free pages
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=0",  # the checkpointer does it
    f"PRAGMA journal_size_limit={_LOG_BYTES // 2}",
)

_WRITER_CACHE_KIB = 8_192
_READER_CACHE_KIB = 4_096
"""A process may have 150 MB, and readers ask for what was written a moment ago."""

_T = TypeVar("_T")


class SqliteDatabase:
    """One file. Made inside the running event loop that will use it."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        if sqlite3.sqlite_version_info < _LEAST_SQLITE:
            raise Unavailable(
                f"SQLite {sqlite3.sqlite_version} is too old; Sendwell needs 3.35 or newer."
            )
        # The writer thread must get the GIL back quickly after each sqlite3 call: with the default
        # of 5 ms durable intake is halved.
        sys.setswitchinterval(50e-6)
        self.engine = _engine(path)
        self._loop = asyncio.get_running_loop()
        self._urgent: deque[Waiting] = deque()
        self._waiting: deque[Waiting] = deque()
        self._news: SimpleQueue[None] = SimpleQueue()
        """One for each unit that is handed in, and one at the end."""
        self._is_closing = False
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._answering = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-answering")
        self._log = path.with_name(f"{path.name}-wal")
        self._log_has_grown = threading.Event()
        self._writing: Connection | None = None
        self._outage = Outage("database.away", "database.back", database=path.name)
        self._unreadable = Outage("database.unreadable", "database.readable", database=path.name)
        self._pauses = Pauses(_TRIES_AGAIN_SECONDS, _LONGEST_TRIES_AGAIN_SECONDS)
        self._writer = threading.Thread(target=self._write, name="sqlite-writer", daemon=True)
        self._checkpointer = threading.Thread(
            target=self._checkpoint, name="sqlite-checkpointer", daemon=True
        )
        self._writer.start()
        self._checkpointer.start()

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        if self._is_closing:
            raise Unavailable("The database is closing.")
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable("More writes wait for the database than it can take right now.")
        future: asyncio.Future[list[Sequence[Any]]] = self._loop.create_future()
        (self._urgent if is_urgent else self._waiting).append((unit, future))
        self._news.put(None)
        return await future

    async def execute(self, *statements: Executable) -> list[Done]:
        (done,) = await self.commit([Write(core, statements)])
        return list(done)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        readers = self._readers if acting_for.get() is None else self._answering
        return await self._loop.run_in_executor(readers, self._read, statement)

    def is_away(self) -> bool:
        """Whether the last that was to be stored could not be."""
        return self._outage.is_on or not self._writer.is_alive()

    async def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._news.put(None)
        await asyncio.to_thread(self._writer.join)
        self._log_has_grown.set()
        await asyncio.to_thread(self._checkpointer.join)
        self._readers.shutdown(wait=True)
        self._answering.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self.engine.dispose()

    def _read(self, statement: Executable) -> Sequence[Row[Any]]:
        connection: Connection | None = getattr(self._local, "connection", None)
        try:
            if connection is None:
                connection = self._local.connection = self._connect(_READER_CACHE_KIB)
            found = connection.execute(statement).all()
        except Exception as error:
            if told := away(error):
                self._unreadable.lasts(told.message)
                raise told from error
            raise
        self._unreadable.is_over()
        return found

    def _connect(self, cache_kib: int) -> Connection:
        # Autocommit keeps SQLAlchemy from opening transactions of its own: each read sees the last
        # commit, and the writer says BEGIN and COMMIT itself.
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        driver(connection).execute(f"PRAGMA cache_size=-{cache_kib}")
        self._connections.append(connection)
        return connection

    def _write(self) -> None:
        commits = 0
        while batch := self._next():
            try:
                results = self._commit_together(self._opened(), batch)
                self._pauses.reset()
            except Exception as error:  # noqa: BLE001 - whatever it was, the callers must hear of it
                results = [away(error) or error] * len(batch)
            self._loop.call_soon_threadsafe(answer, batch, results)
            commits += 1
            if self._writing is not None and commits % _LOOKS_AT_LOG_EVERY == 0:
                self._look_at_log(self._writing)

    def _opened(self) -> Connection:
        """The writer's. Not made before there is work: for ON CONFLICT, SQLite goes by the indexes
        that it found when the connection was made, and those may be made only now, by a migration.
        """
        if self._writing is None:
            with _telling(self._outage):
                self._writing = self._connect(_WRITER_CACHE_KIB)
        return self._writing

    def _commit_together(self, connection: Connection, batch: Sequence[Waiting]) -> list[Result]:
        """All units in one transaction; when one is wrong, each in its own, to find it."""
        units = [unit for unit, _ in batch]
        try:
            return list(self._transaction(connection, lambda: run_merged(connection, units)))
        except Exception as error:
            if len(units) == 1 or away(error):
                raise
        return [self._commit_alone(connection, unit) for unit in units]

    def _commit_alone(self, connection: Connection, unit: Unit) -> Result:
        try:
            return self._transaction(connection, lambda: run_merged(connection, [unit]))[0]
        except Exception as error:  # noqa: BLE001 - the caller hears of it
            return away(error) or error

    def _transaction(self, connection: Connection, work: Callable[[], _T]) -> _T:
        with _telling(self._outage):
            result = _transaction(connection, work)
        self._outage.is_over()
        return result

    def _look_at_log(self, connection: Connection) -> None:
        """Have the log copied into the file while the writer goes on writing.

        Under a steady load it never begins anew by that: then the writer copies the rest itself.
        """
        size = self._log.stat().st_size if self._log.exists() else 0
        if size > _LONG_LOG_BYTES:
            _copy_log(driver(connection))
        elif size > _LOG_BYTES:
            self._log_has_grown.set()

    def _checkpoint(self) -> None:
        connection: Connection | None = None
        while self._writer.is_alive():
            self._log_has_grown.wait()
            self._log_has_grown.clear()
            with _told():
                connection = connection or self._connect(_READER_CACHE_KIB)
                _copy_log(driver(connection))

    def _next(self) -> list[Waiting]:
        """The next units to commit together; none at the end, when all are committed.

        A commit is bounded, so that an urgent unit waits for a short one at most.
        """
        while not (self._urgent or self._waiting):
            if self._is_closing:
                return []
            self._wait_for_news()
        with contextlib.suppress(Empty):
            while True:  # what is told by these is looked at now
                self._news.get_nowait()
        source = self._urgent or self._waiting
        batch: list[Waiting] = []
        size = 0
        while source and size < _LARGEST_COMMIT:
            batch.append(source.popleft())
            size += sum(len(write.items) for write in batch[-1][0])
        return batch

    def _wait_for_news(self) -> None:
        """While nothing can be stored that is tried again and again, for we are not ready, and so
        may get no work that would show when it can.
        """
        try:
            self._news.get(timeout=self._pauses.take() if self._outage.is_on else None)
        except Empty:
            with contextlib.suppress(sqlite3.Error, DBAPIError):
                self._touch(self._opened())

    def _touch(self, connection: Connection) -> None:
        """Store something, which changes nothing. It is little: what it says may be too good."""
        raw: sqlite3.Connection = driver(connection)

        def write() -> None:
            (version,) = raw.execute("PRAGMA user_version").fetchone()
            raw.execute(f"PRAGMA user_version={version}")

        self._transaction(connection, write)


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        connect_args={
            "check_same_thread": False,
            "isolation_level": None,
            "cached_statements": _CACHED_STATEMENTS,
        },
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    return engine


def _copy_log(connection: sqlite3.Connection) -> None:
    """Into the file, as far as readers let it."""
    with _told():
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What is committed is in the log: a disk that is full right now must not end who copies it."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        log.warning("sqlite.log_not_copied", error=str(error))


@contextlib.contextmanager
def _telling(outage: Outage) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if told := away(error):
            outage.lasts(told.message)
        raise


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
