"""The harness reads a crashed database without repairing it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import wreck
from tests.chaos.evidence import InFlight

TABLES = """
    CREATE TABLE requested (position INTEGER PRIMARY KEY, id TEXT);
    CREATE TABLE work (position INTEGER, part TEXT, attempt INTEGER, state TEXT);
"""
ROWS = """
    INSERT INTO requested VALUES (7, 'n-7');
    INSERT INTO work VALUES (7, '0.email', 2, 'PROCESSING'), (7, '0.webhook', 1, 'RETRYING');
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who has written and not checkpointed: all rows are in the write-ahead log."""
    connection = sqlite3.connect(tmp_path / "sendwell.db", isolation_level=None)
    connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; {TABLES}")
    connection.executescript(ROWS)
    yield connection
    connection.close()


def test_what_was_claimed_and_not_settled_was_in_flight(
    writer: sqlite3.Connection, tmp_path: Path
) -> None:
    assert wreck.in_flight(tmp_path) == {InFlight("n-7", "0.email", 2)}


def test_looking_leaves_the_write_ahead_log_alone(
    writer: sqlite3.Connection, tmp_path: Path
) -> None:
    log = tmp_path / "sendwell.db-wal"
    before = log.read_bytes()

    wreck.in_flight(tmp_path)

    assert before
    assert log.read_bytes() == before


def test_a_whole_database_is_ok(writer: sqlite3.Connection, tmp_path: Path) -> None:
    assert wreck.integrity(tmp_path) == "ok"


def test_a_damaged_database_is_not_ok(writer: sqlite3.Connection, tmp_path: Path) -> None:
    writer.executescript("CREATE INDEX by_state ON work (state); PRAGMA wal_checkpoint(TRUNCATE)")
    writer.executescript("PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name='work'")

    assert wreck.integrity(tmp_path) != "ok"
