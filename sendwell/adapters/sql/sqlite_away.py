"""SQLite when it cannot work right now: what it says then is told as Unavailable.

https://www.sqlite.org/rescode.html
"""

import sqlite3

from sqlalchemy.exc import DBAPIError

from sendwell.domain.errors import Unavailable

_PRIMARY = 0xFF
"""The extended codes have the primary one in their lowest byte."""

_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another program writes into its file; wait until it has ended.",
    sqlite3.SQLITE_LOCKED: "Another program writes into its file; wait until it has ended.",
    sqlite3.SQLITE_FULL: "Make room on the disk.",
    sqlite3.SQLITE_READONLY: "Sendwell must be allowed to write its file and the folder around it.",
    sqlite3.SQLITE_CANTOPEN: "Sendwell must be allowed to write its file and the folder around it.",
    sqlite3.SQLITE_PERM: "Sendwell must be allowed to write its file and the folder around it.",
    sqlite3.SQLITE_IOERR: "Look after the disk.",
    sqlite3.SQLITE_NOMEM: "The machine is short of memory.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: restore a backup.",
    sqlite3.SQLITE_NOTADB: "It is no file of SQLite: name another, or restore a backup.",
}


def away(error: BaseException) -> Unavailable | None:
    """What callers are told where the same may work later, or once somebody has looked after it;
    None where it is the statement that is wrong.
    """
    below = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(below, "sqlite_errorcode", 0) & _PRIMARY
    if advice := _ADVICE.get(code):
        return Unavailable(f"The database cannot be used right now ({below}). {advice}")
    return None
