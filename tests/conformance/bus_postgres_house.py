"""One PostgreSQL bus as its own tests use it: from outside, by plain SQL as well."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg

from sendwell.adapters.bus.postgres import PostgresBus
from sendwell.ports.bus import Receive, Stream
from tests.conformance.bus_house import SOON

STREAM = Stream("notification.requested")
GROUP = "orchestrator"


@dataclass(slots=True)
class House:
    """A database with the tables of the bus. Buses and connections are closed with it."""

    url: str
    _buses: list[PostgresBus] = field(default_factory=list)
    _connections: list[asyncpg.Connection] = field(default_factory=list)

    def bus(self, *, lease: float = 15.0) -> PostgresBus:
        """As a process of its own has it."""
        self._buses.append(PostgresBus(self.url, lease=timedelta(seconds=lease)))
        return self._buses[-1]

    async def declared(self, *, lease: float = 15.0) -> PostgresBus:
        bus = self.bus(lease=lease)
        await bus.declare([STREAM], group=GROUP)
        return bus

    async def connection(self) -> asyncpg.Connection:
        self._connections.append(await asyncpg.connect(self.url))
        return self._connections[-1]

    async def until(self, question: str, *arguments: Any) -> None:
        """Wait until the database says so. Others bring it about: nothing tells us when."""
        connection = await self.connection()
        async with asyncio.timeout(SOON):
            while not await connection.fetchval(question, *arguments):
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        for connection in self._connections:
            connection.terminate()
        for bus in self._buses:
            await bus.close()


@asynccontextmanager
async def at_work(bus: PostgresBus, receive: Receive, *, most: int = 500) -> AsyncIterator[None]:
    """A member of the group works for as long as the block lasts."""
    work = bus.consume([STREAM], group=GROUP, receive=receive, most=most)
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def process(house: House, *, lease: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """A member in a process of its own: see bus_postgres_member. Killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.conformance.bus_postgres_member",
        house.url, STREAM.name, GROUP, str(lease),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
