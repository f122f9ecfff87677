"""Processes that tell each other by signals, each kind on the real server that it goes by."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sendwell.adapters.redis.link import Link
from sendwell.adapters.redis.names import Names
from sendwell.adapters.redis.signals import RedisSignals
from sendwell.adapters.sql.direct import DirectConnection
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_signals import PostgresSignals
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.ports.database import Database, Unit
from sendwell.ports.signals import Signals

SOON_SECONDS = 30
PATIENCE = timedelta(seconds=SOON_SECONDS)
"""The machine is shared: how long an answer takes says nothing about the code."""
TOPIC = "users"
OURS = Names(b"ours")


@dataclass
class Process:
    """One process with its database, and what it has heard about the topic."""

    signals: Signals
    database: Database
    heard: "asyncio.Queue[str | None]" = field(default_factory=asyncio.Queue)

    async def change(self, *words: str, topic: str = TOPIC, unit: Unit = ()) -> None:
        """Make a change and tell of it, as whoever changes something does."""
        if unit := [*self.signals.told(topic, words), *unit]:
            await self.database.commit(unit)
        await self.signals.tell(topic, words)

    async def hears(self) -> str | None:
        async with asyncio.timeout(SOON_SECONDS):
            return await self.heard.get()

    async def hears_until(self, last: str | None) -> list[str | None]:
        """What it hears, up to that."""
        heard = [await self.hears()]
        while heard[-1] != last:
            heard.append(await self.hears())
        return heard


Opens = Callable[[str, Path], AbstractAsyncContextManager[Process]]
"""A process that listens, given where the server is, and a folder of its own."""


@asynccontextmanager
async def by_postgres(url: str, _: Path) -> AsyncIterator[Process]:
    database, direct = PostgresDatabase(url), DirectConnection(url)
    process = Process(PostgresSignals(direct), database)
    async with _listening(process, direct.run):
        yield process
    await direct.close()
    await database.close()


@asynccontextmanager
async def by_redis(
    url: str, folder: Path, *, names: Names = OURS, quiet: timedelta = PATIENCE
) -> AsyncIterator[Process]:
    database, link = SqliteDatabase(folder / "own.db"), a_link(url)
    signals = RedisSignals(url, link, names, quiet=quiet)
    process = Process(signals, database)
    async with _listening(process, signals.run):
        yield process
    await signals.close()
    await link.close()
    await database.close()


def a_link(url: str, *, within: timedelta = PATIENCE) -> Link:
    return Link(url, clock=SystemClock(), within=within, count_outage=lambda: None)


@asynccontextmanager
async def _listening(
    process: Process, run: Callable[[], Coroutine[Any, Any, None]]
) -> AsyncIterator[None]:
    process.signals.listen(TOPIC, process.heard.put_nowait)
    task = asyncio.create_task(run())
    try:
        assert await process.hears() is None
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
