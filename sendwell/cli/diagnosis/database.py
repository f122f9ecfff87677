"""A SQLite file and the folder it is in. Only reads, also while Sendwell runs on it."""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sendwell.adapters.facts.backlog import LETTERS, STANDING, UNTOLD, Backlog, unplanned, waiting
from sendwell.adapters.sql.migration_status import PROMOTED, status_of
from sendwell.cli.diagnosis.backlog import judge_backlog
from sendwell.cli.diagnosis.finding import Finding, Level, note, wrong

_TOPIC = "database"
_LEAST_FREE_BYTES = 1 << 30
_FLUSHES = 5
_SLOW_MS = 20.0


def look_at_database(
    file: Path, tables: Mapping[str, Path], *, has_bus: bool = True
) -> Iterator[Finding]:
    """The folder, the file, its health and its migrations; `tables` as bootstrap names them.
    `has_bus`: there is one beside it.
    """
    yield from _folder(file.parent)
    if not file.is_file():
        yield note(
            _TOPIC,
            f"{file} is not there yet.",
            "`sendwell up` makes it; name another folder by --data.",
        )
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            yield from _file(connection, file, tables, has_bus=has_bus)
    except sqlite3.Error as error:
        yield wrong(
            _TOPIC,
            f"{file} cannot be read: {error}.",
            "Look at its permissions and owner; a damaged file is restored from a backup.",
        )


def _folder(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        return
    if not os.access(data, os.W_OK):
        yield wrong(
            "data folder",
            f"Nothing can be written into {data}.",
            "Give the user that runs Sendwell the right to, or name another folder by --data.",
        )
        return
    free = shutil.disk_usage(data).free
    if free < _LEAST_FREE_BYTES:
        yield note(
            "disk",
            f"Only {free / 1e6:,.0f} MB are free in {data}.",
            "Make room: when the disk is full nothing more is accepted.",
        )
    yield _flush(data)


def _flush(data: Path) -> Finding:
    """How long a durable write takes: the floor under every answer of the API."""
    with tempfile.TemporaryFile(dir=data) as file:
        start = time.perf_counter()
        for _ in range(_FLUSHES):
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
        each_ms = (time.perf_counter() - start) * 1e3 / _FLUSHES
    text = f"A write flushed to this disk takes {each_ms:.2f} ms; each commit waits for one."
    if each_ms > _SLOW_MS:
        return note("disk", text, "That is slow: put the data folder on a faster disk.")
    return Finding("disk", text)


def _file(
    connection: sqlite3.Connection, file: Path, tables: Mapping[str, Path], *, has_bus: bool
) -> Iterator[Finding]:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        yield wrong(
            _TOPIC,
            f"{file} is damaged: {verdict}",
            "Stop Sendwell, keep a copy of the file, and restore a backup.",
        )
        return
    yield Finding(_TOPIC, f"{file}, {file.stat().st_size / 1e6:,.1f} MB, is sound.")
    yield _journal_mode(connection)
    migrations = _migrations(connection, tables)
    yield migrations
    if migrations.level is Level.OK:
        yield from judge_backlog(_backlog(connection), has_bus=has_bus)


def _journal_mode(connection: sqlite3.Connection) -> Finding:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        return wrong(
            "wal",
            f"The database's journal mode is {mode}.",
            "`sendwell up` sets it to WAL; on a network drive it cannot: use a local disk.",
        )
    return Finding("wal", "Journal mode WAL; Sendwell's connections commit with synchronous=FULL.")


def _migrations(connection: sqlite3.Connection, tables: Mapping[str, Path]) -> Finding:
    topic = "migrations"
    found = [status_of(owner, tables[owner], _current(connection, owner)) for owner in tables]
    if any(each.revision == PROMOTED for each in found):
        return wrong(
            topic,
            "This file was moved to PostgreSQL by `sendwell promote`; nothing starts on it.",
            "Set DB_URL to the database it was moved to, and keep the file as a backup.",
        )
    if newer := [each.owner for each in found if not each.is_known]:
        return wrong(
            topic,
            f"The tables of {', '.join(newer)} were made by a newer Sendwell.",
            "Run that version; this one does not know what it changed.",
        )
    if pending := [each.owner for each in found if each.pending]:
        return note(
            topic,
            f"To be applied to the tables of {', '.join(pending)}.",
            "`sendwell up` does it when it starts; make a backup before.",
        )
    return Finding(topic, "All tables are up to date.")


def _backlog(connection: sqlite3.Connection) -> Backlog:
    now = time.time_ns() // 1000
    letters = connection.execute(LETTERS).fetchone()
    planless = connection.execute(unplanned(now)).fetchone()
    untold = connection.execute(UNTOLD).fetchone()
    standing = connection.execute(STANDING).fetchone()
    return Backlog(*(waiting(each, now) for each in (letters, planless, untold, standing)))


def _current(connection: sqlite3.Connection, owner: str) -> str | None:
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", (f"{owner}_version",)
    ).fetchone()
    if known is None:
        return None
    row = connection.execute(f'SELECT version_num FROM "{owner}_version"').fetchone()  # noqa: S608 - a role's name
    return row[0] if row else None
