"""The bare way to write durably to SQLite: one thread, natural group commit, many rows a statement.

What arrived while the last commit was in flight is the next batch, the urgent first, up to a size
that keeps a commit short; nothing ever waits for company.
The floors stand on this; it is written apart from the product on purpose, with none of its rules.
"""

import asyncio
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

_SCHEMA = """
CREATE TABLE notification (position INTEGER PRIMARY KEY, idempotency BLOB NOT NULL UNIQUE,
  tenant TEXT NOT NULL, lane INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE outcome (position INTEGER PRIMARY KEY, status INTEGER NOT NULL, accepted_at INTEGER
  NOT NULL, claimed_at INTEGER NOT NULL, sent_at INTEGER NOT NULL, provider TEXT, reference TEXT);
"""
_MOST_ROWS = 500
_NEW_ONLY = "ON CONFLICT DO NOTHING RETURNING position"

Notification = tuple[int, bytes, str, int, bytes]
Outcome = tuple[int, int, int, int, int, str, str]
Waiting = tuple[Sequence[Notification], Sequence[Outcome], Callable[[], None]]


class Writer:
    """Takes rows from the loop, commits them in its thread, calls back in the loop once on disk."""

    def __init__(self, path: Path) -> None:
        sys.setswitchinterval(50e-6)
        self._loop = asyncio.get_running_loop()
        self._path = path
        self._urgent: deque[Waiting] = deque()
        self._waiting: deque[Waiting] = deque()
        self._arrived = threading.Condition()
        self._is_open = True
        self.commits = 0
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
        """Hand rows in; `then` is called in the loop when they are on disk."""
        lane = self._urgent if is_urgent else self._waiting
        with self._arrived:
            lane.append((notifications, outcomes, then))
            self._arrived.notify()

    def close(self) -> None:
        with self._arrived:
            self._is_open = False
            self._arrived.notify()
        self._thread.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; {_SCHEMA}"
        )
        while batch := self._next():
            _commit(connection, batch)
            self.commits += 1
            self._loop.call_soon_threadsafe(_tell, batch)
        connection.close()

    def _next(self) -> list[Waiting]:
        with self._arrived:
            self._arrived.wait_for(lambda: self._urgent or self._waiting or not self._is_open)
            batch, rows = [], 0
            for lane in (self._urgent, self._waiting):
                while lane and rows < _MOST_ROWS:
                    batch.append(lane.popleft())
                    rows += len(batch[-1][0]) + len(batch[-1][1])
            return batch


def _commit(connection: sqlite3.Connection, batch: Sequence[Waiting]) -> None:
    notifications = [row for rows, _, _ in batch for row in rows]
    outcomes = [row for _, rows, _ in batch for row in rows]
    connection.execute("BEGIN IMMEDIATE")
    _insert(connection, "notification", notifications)
    _insert(connection, "outcome", outcomes)
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), _MOST_ROWS):
        chunk = rows[start : start + _MOST_ROWS]
        marks = ",".join([f"({','.join('?' * len(chunk[0]))})"] * len(chunk))
        values = [value for row in chunk for value in row]
        connection.execute(f"INSERT INTO {table} VALUES {marks} {_NEW_ONLY}", values).fetchall()


def _tell(batch: Sequence[Waiting]) -> None:
    for _, _, then in batch:
        then()
