"""What a killed process has left on its disk, looked at before the next one repairs it.

The one place where the harness looks inside: only the files say which sends were in flight.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.evidence import InFlight

_DATABASE = "sendwell.db"
_CLAIMED = """
    SELECT requested.id, work.part, work.attempt
    FROM work JOIN requested USING (position)
    WHERE work.state = 'PROCESSING'
"""


def in_flight(data: Path) -> frozenset[InFlight]:
    """The attempts that were claimed and not settled.

    Read from a copy: opening a database is what recovers it, and that is the product's to do.
    """
    with TemporaryDirectory() as folder:
        for name in (_DATABASE, f"{_DATABASE}-wal"):
            if (data / name).exists():
                shutil.copyfile(data / name, Path(folder, name))
        with closing(sqlite3.connect(Path(folder, _DATABASE))) as database:
            return frozenset(InFlight(*row) for row in database.execute(_CLAIMED))


def integrity(data: Path) -> str:
    """What SQLite finds out about the file of a product that has stopped: "ok", if it is."""
    with closing(sqlite3.connect(data / _DATABASE)) as database:
        try:
            lines = database.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError as error:
            return str(error)
    return "; ".join(line for (line,) in lines)
