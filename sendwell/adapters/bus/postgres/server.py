"""Connections to the server, and what their failures mean."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg

from sendwell.adapters.bus.postgres.options import Options
from sendwell.domain.errors import Unavailable

_PATIENCE_SECONDS = 5.0
"""For everything that is done with a connection, getting it included."""
_CONNECTIONS = 5

_APPLICATION = {"application_name": "sendwell-bus"}
_PLANS = {"enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off"}
"""A plan that was made while a table was empty is still used when it has grown."""

FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a connection may raise; OSError also when time is up."""


class Server:
    """One server, by a small pool that connects when it is first needed."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool | None = None
        self._is_closed = False

    @asynccontextmanager
    async def connection(
        self, *, patience: float = _PATIENCE_SECONDS
    ) -> AsyncIterator[asyncpg.Connection]:
        """A connection whose statements each commit by themselves. Raises FAULTS."""
        async with asyncio.timeout(patience):
            pool = await self._opened()
            connection = await pool.acquire()
            try:
                yield connection
            except BaseException:
                connection.terminate()  # whatever it is in the middle of
                raise
            finally:
                await pool.release(connection)

    async def listening(self) -> asyncpg.Connection:
        """A connection outside the pool, that is never taken for another. Raises FAULTS."""
        return await asyncpg.connect(
            self._options.listen_dsn,
            timeout=_PATIENCE_SECONDS,
            command_timeout=_PATIENCE_SECONDS,
            server_settings=_APPLICATION,
        )

    async def close(self) -> None:
        """Let go of all connections, once what is under way with them is over. Idempotent."""
        self._is_closed = True
        if self._pool is not None:
            with suppress(*FAULTS):
                await asyncio.wait_for(self._pool.close(), _PATIENCE_SECONDS)

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._is_closed:
                raise asyncpg.InterfaceError("the bus is closed")
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._options.dsn,
                    min_size=0,
                    max_size=_CONNECTIONS,
                    timeout=_PATIENCE_SECONDS,
                    reset=_nothing,
                    **self._session(),
                )
        return self._pool

    def _session(self) -> dict[str, Any]:
        """PgBouncer gives a session to one transaction after the other.

        So nothing that was prepared in it can be found again: each plan is made when it is needed.
        """
        if self._options.is_pooled:
            return {"statement_cache_size": 0, "server_settings": _APPLICATION}
        return {"server_settings": _APPLICATION | _PLANS}


@contextmanager
def unavailable() -> Iterator[None]:
    """Faults become Unavailable. The server's own words may hold addresses; they stay out."""
    try:
        yield
    except asyncpg.UndefinedTableError as error:
        raise Unavailable("The bus has no tables in its database: migrate it first.") from error
    except FAULTS as error:
        why = type(error).__name__
        raise Unavailable(f"The bus's database cannot be asked now ({why}).") from error


async def _nothing(connection: asyncpg.Connection) -> None:
    """There is nothing to reset: no statement leaves anything behind in its session."""
