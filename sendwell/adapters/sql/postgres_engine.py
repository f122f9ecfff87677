"""Connections to PostgreSQL, and what their failures mean."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import (
    DBAPIError,
    InvalidatePoolError,
    InvalidRequestError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sendwell.adapters.sql.postgres_session import WatchedSession
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import driver

_CONNECT_SECONDS = 5
_STATEMENT_MS = 30_000

FAILURES = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""Whatever a call may raise."""

_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,  # the user or the password
    asyncpg.InvalidCatalogNameError,  # there is no such database
)
_DENIED = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,  # an option of the URL, or a file that it names
)
_LOST = (
    *_REFUSED,  # once somebody has corrected it
    OSError,  # also a time-out
    asyncpg.InternalClientError,  # a session that ended in the middle of an answer
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it is shutting down or starting; a session was ended
    asyncpg.InsufficientResourcesError,  # also too many connections
    asyncpg.ReadOnlySQLTransactionError,  # we are still connected to what was the primary
    PoolTimeout,
)
_MET = (
    asyncpg.UniqueViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for, whatever stands between us and the server."""

    statement: timedelta = timedelta(seconds=35)
    """The server itself ends one sooner, where it may be told to."""
    turn: timedelta = timedelta(seconds=10)
    """To begin a transaction, to commit it, to ask what became of it."""


class Fenced(Exception):
    """Another process has taken over what was ours: nothing of ours may be written any more."""


class IdleSessions:
    """Those that wait in a pool. What ended one session mostly ended them all.

    SQLAlchemy knows that by itself, but not of what is asked past it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._are_doubtful = False
        event.listen(engine.sync_engine, "checkout", self._check)

    def doubt(self) -> None:
        """None of those that wait now is used again."""
        self._are_doubtful = True

    def _check(self, *_: object) -> None:
        if self._are_doubtful:
            self._are_doubtful = False
            raise InvalidatePoolError


def open_engine(
    url: str, connections: int, *, within: timedelta | None = None
) -> tuple[AsyncEngine, bool]:
    """The pool for a URL, and whether PgBouncer stands before the server.

    A statement has its answer within that time, or its connection counts as lost; None: it may take
    as long as it takes.
    """
    is_pooled = dict(parse_qsl(urlsplit(url).query)).get("pooled") == "true"
    arguments: dict[str, Any] = {
        "dsn": plain_url(url),
        "timeout": _CONNECT_SECONDS,
        "command_timeout": within.total_seconds() if within else None,
        "connection_class": WatchedSession,
    }
    if is_pooled:  # one session is many: nothing prepared in it can be found again
        arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    else:
        arguments["server_settings"] = {
            "application_name": "sendwell",
            "statement_timeout": str(_STATEMENT_MS),
        }
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=arguments,
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=1,
        pool_timeout=_CONNECT_SECONDS,
        hide_parameters=True,
    )
    return engine, is_pooled


def plain_url(url: str) -> str:
    """The URL without what only we understand."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    options.pop("pooled", None)
    return urlunsplit(parts._replace(scheme="postgresql", query=urlencode(options)))


def driver_of(connection: AsyncConnection) -> Any:
    """Asyncpg's own connection."""
    assert connection.sync_connection is not None  # noqa: S101 - only open ones are asked
    return driver(connection.sync_connection)


def is_lost(error: BaseException) -> bool:
    """Whether the connection or the server is gone, so that the same may work later."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = _below(error)
    if isinstance(error, (asyncpg.InterfaceError, InvalidRequestError)):
        return "closed" in str(error)
    return isinstance(error, _LOST)


def is_met(error: BaseException) -> bool:
    """Whether another process was there at the same moment: trying again will see what it did."""
    return isinstance(_below(error) if isinstance(error, DBAPIError) else error, _MET)


def is_denied(error: BaseException) -> bool:
    """Whether nothing works until somebody corrects the URL, or what its user may do."""
    if isinstance(error, DBAPIError) and error.statement is None:  # it was only connected to
        return isinstance(_below(error), (*_DENIED, asyncpg.PostgresError))
    return isinstance(_below(error), _DENIED)


def away(error: BaseException) -> Unavailable:
    """What callers are told. The driver's own words may hold addresses: they stay out."""
    why = type(_below(error)).__name__
    if isinstance(_below(error), _REFUSED):
        return Unavailable(
            f"The database does not let us in ({why}). Check the user, the password and the name"
            " in its URL."
        )
    return Unavailable(f"The database cannot be reached right now ({why}).")


def unusable(error: BaseException) -> Unavailable:
    """What those are told who start something, and nobody else: it is in the server's words."""
    if is_lost(error):
        return away(error)
    return Unavailable(
        f"The database cannot be used like this: {_below(error)}. Correct its URL, or make its user"
        " the owner of the database."
    )


async def let_go(connection: AsyncConnection) -> None:
    """Close a connection that is not to be used again, whatever state it is in."""
    with contextlib.suppress(*FAILURES):
        await connection.invalidate()
    with contextlib.suppress(*FAILURES):
        await connection.close()


def _below(error: BaseException) -> BaseException:
    """Asyncpg's error below SQLAlchemy's wrapping."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
