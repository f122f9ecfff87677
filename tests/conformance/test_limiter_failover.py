"""A Redis whose place has become another's: the one from before lives on, as a replica.

Redis 6 wraps what a script met in other words than Redis 7, and no server of ours speaks as both.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.domain.errors import Unavailable
from sendwell.domain.limits import ALLOWED
from tests.conformance.limiters import NOW, OURS, PATIENCE, a_demand
from tests.services.ports import HOST

SMS = a_demand("sms")
READ_ONLY = "You can't write against a read only replica."
BY_SIX = (
    "-ERR Error running script (call to f_0): @user_script:29: @user_script: 29:"
    f" -READONLY {READ_ONLY}"
)
BY_SEVEN = f"-READONLY {READ_ONLY} script: 0, on @user_script:29."


@dataclass
class Place:
    """Where a primary is. Who connected before it moved keeps talking to the one from before."""

    refusal: str
    url: str = ""
    has_moved: bool = False
    talks: set[asyncio.StreamWriter] = field(default_factory=set)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks.add(writer)
        is_primary = self.has_moved
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                command = await _command(reader)
                is_refused = command.startswith("EVAL") and self.has_moved and not is_primary
                answer = "*0" if command.startswith("EVAL") else "+OK"
                writer.write(f"{self.refusal if is_refused else answer}\r\n".encode())
                await writer.drain()
        writer.close()


async def _command(reader: asyncio.StreamReader) -> str:
    count = int((await reader.readuntil())[1:])
    words = [
        await reader.readexactly(int((await reader.readuntil())[1:]) + 2) for _ in range(count)
    ]
    return words[0].decode().strip().upper()


@asynccontextmanager
async def a_place(refusal: str) -> AsyncIterator[Place]:
    place = Place(refusal)
    server = await asyncio.start_server(place.talk, HOST)
    place.url = f"redis://{HOST}:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield place
    finally:
        server.close()
        for writer in place.talks:
            writer.close()


@asynccontextmanager
async def a_limiter(url: str) -> AsyncIterator[RedisLimiter]:
    limiter = RedisLimiter(url, OURS, within=PATIENCE)
    try:
        yield limiter
    finally:
        await limiter.close()


@pytest.mark.parametrize("refusal", [BY_SIX, BY_SEVEN], ids=["redis-6", "redis-7"])
async def test_a_primary_that_became_a_replica_is_left_after_one_answer(refusal: str) -> None:
    async with a_place(refusal) as place, a_limiter(place.url) as limiter:
        before = await asyncio.gather(*(limiter.take([SMS], NOW) for _ in range(3)))

        place.has_moved = True
        with suppress(Unavailable):
            await limiter.take([SMS], NOW)
        after = await limiter.take([SMS], NOW)

    assert [[ALLOWED]] * 3 == before
    assert [ALLOWED] == after
