"""Hears what is announced, by a connection of its own that is opened again whenever it is lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import asyncpg

from sendwell.adapters.bus.postgres.server import FAULTS, Server
from sendwell.domain.pauses import Pauses
from sendwell.runtime.waiting import wait_at_most

_CHECKS_EVERY_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0


class Listener:
    """Calls `hear` with a channel and what was said there; `miss` when something may be missing."""

    def __init__(
        self, server: Server, hear: Callable[[str, str], None], miss: Callable[[], None]
    ) -> None:
        self._server = server
        self._hear = hear
        self._miss = miss
        self._listening: asyncio.Task[NoReturn] | None = None

    def start(self) -> None:
        """Listen from now on. Idempotent."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Hear nothing more. Idempotent."""
        if self._listening:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    async def _listen(self) -> NoReturn:
        pauses = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            with suppress(*FAULTS):
                connection = await self._server.listening()
                try:
                    await self._attend(connection, pauses)
                finally:
                    connection.terminate()
            await asyncio.sleep(pauses.take())

    async def _attend(self, connection: asyncpg.Connection, pauses: Pauses) -> None:
        """Listen until the connection ends, or does not answer any more."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        for channel in ("sendwell_bus_news", "sendwell_bus_members"):
            await connection.add_listener(channel, self._notified)
        pauses.reset()
        self._miss()
        while not ended.is_set():
            if not await wait_at_most(ended, _CHECKS_EVERY_SECONDS):
                await connection.execute("SELECT 1")

    def _notified(self, _: Any, __: int, channel: str, said: str) -> None:
        self._hear(channel, said)
