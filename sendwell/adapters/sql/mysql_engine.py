"""Connections to MySQL and MariaDB, and what their failures mean."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiomysql
import structlog
from aiomysql import MySQLError, OperationalError
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sendwell.domain.errors import Invalid, Unavailable

log = structlog.get_logger()
_PORT = 3306
_TLS = 1 << 11
"""The protocol's CLIENT_SSL."""
_NO_TLS = 2026
NO_TABLE = 1146
_CONNECT_SECONDS = 5
_RESTS_SECONDS = 600
"""After that long a connection is not used again: the server, or a firewall, may have ended it."""

_ISOLATION = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
_SESSION = (
    # What does not fit is refused, and not cut off. A statement that hangs, and a process that is
    # paused in the middle, must not hold up the others; only MariaDB reads /*M! … */. MySQL, which
    # alone reads /*!50700 … */, has no limit for that but the one of sessions, eight hours long.
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'"
    ", innodb_lock_wait_timeout=5 /*M!, max_statement_time=30, idle_transaction_timeout=5 */"
    f" /*!50700 , wait_timeout={_RESTS_SECONDS + 60} */"
)
UNHURRIED = "SET SESSION innodb_lock_wait_timeout=50 /*M!, max_statement_time=0 */"
"""For migrations and upkeep."""

FAILURES = (SQLAlchemyError, MySQLError, OSError)
"""Whatever a call may raise."""

_REFUSED = frozenset({
    1044, 1045, 1049, 1698,  # user, password or database
    1129, 1130,  # our host is blocked, or may not connect
    1251, 3159, _NO_TLS,
    1820, 1862, 3118, 4151,  # the password has expired, or the user is locked
})  # fmt: skip
_LOST = _REFUSED | {
    1021, 1026, 1030, 1114,  # a disk, or a table, is full or fails
    1028, 1317, 1969, 3024,  # the statement was ended: it took too long, or somebody did it
    1037, 1038, 1041, 1135, 1206,  # out of memory, threads or room for locks
    1040, 1203, 1226,  # too many connections
    1047,  # a node of a cluster that is not ready
    1053, 1077, 1079, 1927, 3032, 3168, 3169,  # shutting down, or closed; our session was ended
    1105,  # what a proxy says while it has no server to ask
    1152, 1158, 1159, 1160, 1161, 1184,  # the network
    1290, 1792, 1836,  # read only: we are still connected to what was the primary
    2002, 2003, 2006, 2013,  # nobody is there, or nobody any more
    4031,  # we were idle for too long
}  # fmt: skip
_DENIED = frozenset({
    1142, 1143,  # not with this table, or this column: the others can be used
})  # fmt: skip
_FIRST_OF_PROXIES = 9000
"""From here on no server has numbers for what is wrong with a statement."""
_HELD = frozenset({
    1020,  # the row has changed since it was read
    1180, 3100, 3101,  # other nodes of a cluster have not agreed to the COMMIT
    1205,  # waited too long for a lock
    1213,  # deadlock
})  # fmt: skip
_MET = _HELD | {
    1062,  # the key is there
}


class _Connection(aiomysql.Connection):  # type: ignore[misc] # the driver has no types
    """aiomysql's, but for two things."""

    def escape(self, value: object) -> Any:
        """Bytes are written in hexadecimal: from PyMySQL 1.2 on aiomysql cannot write them."""
        if isinstance(value, bytes):
            return f"_binary X'{value.hex()}'"
        return super().escape(value)

    async def _request_authentication(self) -> None:
        """Goes no further where the server, or who poses as it, offers no encryption."""
        if self._ssl_context and not self.server_capabilities & _TLS:
            raise OperationalError(_NO_TLS, "the server offers no TLS")
        await super()._request_authentication()


def open_engine(url: str, connections: int) -> AsyncEngine:
    """The pool for a URL. Raises Invalid for one that nobody can connect by."""
    engine = create_async_engine(
        "mysql+aiomysql://",
        connect_args=_arguments(url),
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=1,
        pool_timeout=_CONNECT_SECONDS,
        pool_recycle=_RESTS_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "first_connect", _look_at_settings)
    return engine


def _arguments(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    arguments = {
        "host": parts.hostname or "localhost",
        "port": parts.port or _PORT,
        "user": unquote(parts.username or "root"),
        "password": unquote(parts.password or ""),
        "db": unquote(parts.path.removeprefix("/")),
        "charset": "utf8mb4",
        "connect_timeout": _CONNECT_SECONDS,
        "async_creator_fn": _connect,
    }
    if not arguments["db"]:
        raise Invalid("A MySQL URL names a database: mysql://user:password@host:3306/name.")
    context = _encryption(dict(parse_qsl(parts.query, keep_blank_values=True)))
    if context is not None:
        arguments["ssl"] = context
    return arguments


def _encryption(options: Mapping[str, str]) -> ssl.SSLContext | None:
    """From `ssl=true`, `ssl_ca`, and `ssl_cert` with `ssl_key` where the server asks who we are."""
    if strange := options.keys() - {"ssl", "ssl_ca", "ssl_cert", "ssl_key"}:
        raise Invalid(f"A MySQL URL has no option {min(strange)}.")
    if not options or (options.keys() == {"ssl"} and options["ssl"] != "true"):
        return None
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca"))
        if "ssl_cert" in options:
            context.load_cert_chain(options["ssl_cert"], options.get("ssl_key"))
    except OSError as error:
        raise Invalid(f"A file that the MySQL URL names cannot be used: {error}.") from error
    return context


async def _connect(**arguments: Any) -> _Connection:
    connection = _Connection(**arguments)
    async with asyncio.timeout(_CONNECT_SECONDS):
        await connection._connect()  # noqa: SLF001 - what aiomysql.connect does
    return connection


def _prepare(connection: Any, _: object) -> None:
    """Make the session what we rely on, whatever the server's own settings are."""
    cursor = connection.cursor()
    for statement in (_ISOLATION, _SESSION):
        cursor.execute(statement)
    cursor.close()


def _look_at_settings(connection: Any, _: object) -> None:
    """Warn of a server that may forget what it has confirmed."""
    cursor = connection.cursor()
    cursor.execute("SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog")
    at_commit, has_binlog, sync_binlog = cursor.fetchone()
    cursor.close()
    if at_commit != 1 or (has_binlog and sync_binlog != 1):
        log.warning(
            "database.may_forget",
            innodb_flush_log_at_trx_commit=at_commit,
            sync_binlog=sync_binlog,
            advice="Set both to 1: a power cut may take what was confirmed.",
        )


def is_lost(error: BaseException) -> bool:
    """Whether the connection or the server is gone, or at its end, so that the same may work later.

    What it says of the statement's own fault is none of these.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OSError | PoolTimeout):
        return True
    code = code_of(error)
    return code is not None and (code in _LOST or code >= _FIRST_OF_PROXIES)


def is_met(error: BaseException) -> bool:
    """Whether another process was there at the same moment: trying again will see what it did."""
    return code_of(error) in _MET


def passes(error: BaseException) -> bool:
    """Whether nothing is wrong with what was asked: the same may work later."""
    return is_lost(error) or code_of(error) in _HELD | _DENIED


def told(error: Exception) -> Exception:
    """What whoever waits hears of it."""
    return away(error) if passes(error) else error


def code_of(error: BaseException) -> int | None:
    """The server's or the driver's number for what went wrong."""
    below = _below(error)
    first = below.args[0] if isinstance(below, MySQLError) and below.args else None
    return first if isinstance(first, int) else None


def away(error: BaseException) -> Unavailable:
    """What callers are told. The driver's own words may hold addresses: they stay out."""
    code = code_of(error)
    if code in _REFUSED:
        return Unavailable(
            f"The database does not let us in (error {code}). Check the user, what it may do, the"
            " password, the name and the TLS options of its URL, and that it takes connections from"
            " this host."
        )
    if code in _DENIED:
        return Unavailable(
            f"The database does not let us use one of its tables (error {code}). Grant the user in"
            " its URL SELECT, INSERT, UPDATE and DELETE on all of them."
        )
    if code in _HELD:
        return Unavailable(
            f"Somebody else holds what is asked for in the database (error {code}): another"
            " program, a backup, or a change of its tables."
        )
    why = _below(error).__cause__ or _below(error)
    return Unavailable(f"The database cannot be reached right now ({type(why).__name__}).")


async def let_go(connection: AsyncConnection) -> None:
    """Close a connection that is not to be used again, whatever state it is in."""
    with contextlib.suppress(*FAILURES):
        await connection.invalidate()
    with contextlib.suppress(*FAILURES):
        await connection.close()


def _below(error: BaseException) -> BaseException:
    """The driver's error below SQLAlchemy's wrapping."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error
