"""The adapters of the Limiter port, each with the real server that it needs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

import sendwell.adapters.limiter
from sendwell.adapters.limiter.fallback import FallbackLimiter
from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.limiter.postgres import PostgresLimiter
from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.adapters.redis.names import Names
from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.domain.errors import Unavailable
from sendwell.domain.limits import Answer, Rate
from sendwell.ports.limiter import Demand, Limiter
from tests.services.needs import needs
from tests.services.ports import HOST

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
SOON = 30.0
PATIENCE = timedelta(seconds=SOON)
"""The machine is shared: how long an answer takes says nothing about the code."""
OURS = Names(b"ours")
OWNERS: Mapping[str, Path] = {
    "limiter": Path(sendwell.adapters.limiter.__file__).with_name("migrations")
}

Makes = Callable[[], Limiter]
"""Gives the limiter as one more process has it; all of them count together."""

Opens = Callable[[], AbstractAsyncContextManager[Makes]]
"""Limiters that have counted nothing yet, for as long as the context lasts."""


@dataclass(frozen=True, slots=True)
class Case:
    """One adapter, and the server that its limiters share."""

    name: str
    server: str | None
    """`<server>_url` is the fixture that tells where it is."""
    opens: Callable[[str], AbstractAsyncContextManager[Makes]]

    def __str__(self) -> str:
        return self.name

    @property
    def marks(self) -> Sequence[pytest.MarkDecorator]:
        return needs(self.server) if self.server else ()


@asynccontextmanager
async def memory(_: str) -> AsyncIterator[Makes]:
    limiter = MemoryLimiter()
    yield lambda: limiter


@asynccontextmanager
async def in_redis(url: str) -> AsyncIterator[Makes]:
    async with redis.asyncio.Redis.from_url(url) as there:
        await there.flushdb()
    async with AsyncExitStack() as opened:

        def make() -> Limiter:
            limiter = RedisLimiter(url, OURS, within=PATIENCE)
            opened.push_async_callback(limiter.close)
            return limiter

        yield make


@asynccontextmanager
async def in_postgres(url: str) -> AsyncIterator[Makes]:
    await migrate(url)
    async with AsyncExitStack() as opened:

        def make() -> Limiter:
            limiter = PostgresLimiter(url, within=PATIENCE)
            opened.push_async_callback(limiter.close)
            return limiter

        yield make


@asynccontextmanager
async def alone(_: str) -> AsyncIterator[Makes]:
    """The shared limiter cannot be reached at all, and this is the only process."""
    shared = RedisLimiter("redis://127.0.0.1:1/0", OURS)
    limiter = FallbackLimiter(shared, processes=lambda: 1, count_outage=lambda: None)
    yield lambda: limiter
    await limiter.close()
    await shared.close()


CASES = (
    Case("memory", None, memory),
    Case("redis", "redis", in_redis),
    Case("postgres", "postgres", in_postgres),
    Case("alone", None, alone),
)
SHARED = tuple(case for case in CASES if case.server)


def a_demand(*keys: str, rate: str = "2/s") -> Demand:
    parsed = Rate.parse(rate)
    return tuple((key, parsed) for key in keys)


async def when_back(limiter: Limiter, *demands: Demand) -> list[Answer]:
    """What it answers as soon as it answers anything."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return list(await limiter.take(demands, NOW))
            except Unavailable:
                await asyncio.sleep(0)


async def migrate(url: str) -> None:
    """The limiter's tables are there, and empty."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('limit_state')") is None:
            await bring_up(url)
        await connection.execute("DELETE FROM limit_state")
    finally:
        await connection.close()


async def bring_up(url: str, owners: Mapping[str, Path] = OWNERS) -> None:
    """The tables are as the migrations there make them."""
    database = PostgresDatabase(url)
    try:
        await database.with_connection(lambda connection: migrate_on(connection, owners))
    finally:
        await database.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Takes connections at this place (`host:port`), and never says a word."""
    talks: set[asyncio.Task[None]] = set()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while await reader.read(1024):
                pass
            writer.close()
            await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(say_nothing(reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    server = await asyncio.start_server(connected, HOST)
    yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    server.close()
    async with asyncio.timeout(10):
        await asyncio.gather(*talks)
