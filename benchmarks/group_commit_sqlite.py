"""Group commit into SQLite: one thread that writes, WAL, `synchronous=FULL`."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.batches import MOST_ROWS, Batches, Notification, Outcome, Waiting, rows_of, tell

_SCHEMA = """
CREATE TABLE notification (position INTEGER PRIMARY KEY, idempotency BLOB NOT NULL UNIQUE,
  tenant TEXT NOT NULL, lane INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE outcome (position INTEGER PRIMARY KEY, status INTEGER NOT NULL, accepted_at INTEGER
  NOT NULL, claimed_at INTEGER NOT NULL, sent_at INTEGER NOT NULL, provider TEXT, reference TEXT);
"""
_NEW_ONLY = "ON CONFLICT DO NOTHING RETURNING position"


class SqliteWriter:
    """Takes rows from the loop, commits them in its thread, calls back in the loop once on disk."""

    def __init__(self, path: Path) -> None:
        sys.setswitchinterval(50e-6)
        self._loop = asyncio.get_running_loop()
        self._path = path
        self._batches = Batches()
        self._arrived = threading.Condition()
        self._is_open = True
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def write(
        self,
        notifications: Sequence[Notification],
        outcomes: Sequence[Outcome],
        then: Callable[[], None],
        *,
        is_urgent: bool = False,
    ) -> None:
        with self._arrived:
            self._batches.put(Waiting(notifications, outcomes, then), is_urgent=is_urgent)
            self._arrived.notify()

    async def close(self) -> None:
        with self._arrived:
            self._is_open = False
            self._arrived.notify()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; {_SCHEMA}"
        )
        while batch := self._next():
            _commit(connection, batch)
            self._loop.call_soon_threadsafe(tell, batch)
        connection.close()

    def _next(self) -> list[Waiting]:
        with self._arrived:
            self._arrived.wait_for(lambda: self._batches or not self._is_open)
            return self._batches.take()


def _commit(connection: sqlite3.Connection, batch: Sequence[Waiting]) -> None:
    notifications, outcomes = rows_of(batch)
    connection.execute("BEGIN IMMEDIATE")
    _insert(connection, "notification", notifications)
    _insert(connection, "outcome", outcomes)
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), MOST_ROWS):
        chunk = rows[start : start + MOST_ROWS]
        marks = ",".join([f"({','.join('?' * len(chunk[0]))})"] * len(chunk))
        values = [value for row in chunk for value in row]
        connection.execute(f"INSERT INTO {table} VALUES {marks} {_NEW_ONLY}", values).fetchall()
