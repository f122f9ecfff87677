"""One connection of a process straight to PostgreSQL, for what belongs to a session: LISTEN.

It never goes through PgBouncer. When it is lost it is taken up again, for ever.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from sendwell.adapters.sql.postgres_engine import FAILURES, away, is_lost, plain_url
from sendwell.domain.pauses import Pauses

log = structlog.get_logger()
_TIMEOUT_SECONDS = 5
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0


class DirectConnection:
    """Statements and notifications on one connection."""

    def __init__(self, url: str) -> None:
        self._url = plain_url(url)
        self._connection: Any = None
        self._busy = asyncio.Lock()
        self._channels: dict[str, Callable[[str | None], None]] = {}
        self._ended = asyncio.Event()
        self._is_closed = False

    def listen(self, channel: str, heard: Callable[[str | None], None]) -> None:
        """Call `heard` with each payload, and with None whenever some may have been missed.

        To be called before `run`.
        """
        self._channels[channel] = heard

    async def fetch(self, text: str, *arguments: Any) -> list[Any]:
        """Run one statement that commits by itself. Raises Unavailable when nobody answers."""
        try:
            async with self._busy, asyncio.timeout(_TIMEOUT_SECONDS):
                connection = await self._open()
                rows: list[Any] = await connection.fetch(text, *arguments)
                return rows
        except FAILURES as error:
            if not is_lost(error):
                raise
            await self._drop()
            raise away(error) from error

    async def run(self) -> None:
        """Keep the connection open, so that notifications are heard, until cancelled.

        That it cannot be opened is logged once, and that it is open again.
        """
        pauses, is_away = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS), False
        while True:
            try:
                async with self._busy, asyncio.timeout(_TIMEOUT_SECONDS):
                    await self._open()
            except FAILURES as error:
                if not is_away:
                    log.warning("database.cannot_listen", error=type(error).__name__)
                is_away = True
                await self._drop()
                await asyncio.sleep(pauses.take())
                continue
            if is_away:
                log.info("database.listens_again")
            is_away = False
            pauses.reset()
            await self._ended.wait()

    async def close(self) -> None:
        """Let go of the connection. Idempotent."""
        self._is_closed = True
        await self._drop()

    async def _open(self) -> Any:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        connection = await asyncpg.connect(self._url, timeout=_TIMEOUT_SECONDS)
        self._ended.clear()
        connection.add_termination_listener(lambda _: self._ended.set())
        try:
            for channel, heard in self._channels.items():
                await connection.add_listener(channel, _listener(heard))
                heard(None)
        except BaseException:
            connection.terminate()  # one that hears a part only is worse than none
            raise
        self._connection = connection
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._ended.set()
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                connection.terminate()


def _listener(heard: Callable[[str | None], None]) -> Callable[..., None]:
    return lambda _connection, _process, _channel, payload: heard(payload)
