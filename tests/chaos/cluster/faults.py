"""What is done to the processes and their servers; each fault is over when its function returns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from random import Random

import asyncpg

from tests.chaos.cluster.fleet import Fleet, Member
from tests.chaos.cluster.previous import Previous
from tests.chaos.cluster.servers import MOST_CONNECTIONS, Servers
from tests.services.rabbitmq import RabbitMq

Fault = Callable[[], Awaitable[None]]
_AWAY_SECONDS = (0.2, 3.0)
_EXHAUSTED_SECONDS = (2.0, 4.0)
_TERMINATIONS = 4


@dataclass(frozen=True, slots=True)
class Faults:
    """All that can be done here, by name."""

    fleet: Fleet
    servers: Servers
    chance: Random
    previous: Previous | None = None

    def all(self) -> Mapping[str, Fault]:
        """Those that make sense with these servers."""
        return {**self._of_processes(), **self._of_postgres(), **self._of_the_rest()}

    def _of_processes(self) -> Mapping[str, Fault]:
        known: dict[str, Fault] = {
            "process killed": self._kill,
            "both processes killed": self._kill_all,
            "process stopped": self._restart,
            "process paused": self._pause,
        }
        return known | ({"version changed": self._change} if self.previous else {})

    def _of_postgres(self) -> Mapping[str, Fault]:
        server = self.servers.postgres
        return {
            "PostgreSQL stopped fast": self._away(lambda: server.stop("fast"), server.start),
            "PostgreSQL stopped at once": self._away(
                lambda: server.stop("immediate"), server.start
            ),
            "PostgreSQL killed": self._away(server.kill, server.start),
            "sessions terminated": self._terminate,
            "connections exhausted": self._exhaust,
        }

    def _of_the_rest(self) -> Mapping[str, Fault]:
        found: dict[str, Fault] = {}
        if (broker := self.servers.broker) is not None:
            found["broker killed"] = self._away(self._kill_broker, broker.start)
            found["broker stopped"] = self._away(broker.stop, broker.start)
        if (redis := self.servers.redis) is not None:
            found["Redis killed"] = self._away(redis.kill, redis.start)
            found["Redis flushed"] = self._flush
        return found

    def _one(self) -> Member:
        return self.chance.choice(self.fleet.members)

    async def _kill(self) -> None:
        member = self._one()
        await self.fleet.kill(member)
        await self.fleet.start(member)

    async def _kill_all(self) -> None:
        for member in self.fleet.members:
            await self.fleet.kill(member)
        await asyncio.gather(*map(self.fleet.start, self.fleet.members))

    async def _restart(self) -> None:
        member = self._one()
        await self.fleet.stop(member)
        await self.fleet.start(member)

    async def _pause(self) -> None:
        member = self._one()
        await self.fleet.pause(member)
        await self.fleet.start(member)

    async def _change(self) -> None:
        """One process goes on with the other version, while the other one goes on as it is."""
        assert self.previous is not None
        member = self.chance.choice(
            [each for each in self.fleet.members if each.is_previous] or self.fleet.members
        )
        await self.fleet.stop(member)
        goes_back = not member.is_previous and self.previous.knows_all_tables
        member.use(self.previous.tree if goes_back else None)
        await self.fleet.start(member)

    def _away(self, leave: Callable[[], None], come_back: Callable[[], None]) -> Fault:
        async def strike() -> None:
            await asyncio.to_thread(leave)
            try:
                await asyncio.sleep(self.chance.uniform(*_AWAY_SECONDS))
            finally:
                await asyncio.to_thread(come_back)

        return strike

    async def _terminate(self) -> None:
        for _ in range(_TERMINATIONS):
            await self.fleet.sessions.terminate()
            await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def _exhaust(self) -> None:
        """Take every connection that there is; ending all others gives us theirs, too."""
        async with AsyncExitStack() as stack:
            await self._occupy(stack)
            await self.fleet.sessions.terminate()
            await self._occupy(stack)
            await asyncio.sleep(self.chance.uniform(*_EXHAUSTED_SECONDS))

    async def _occupy(self, stack: AsyncExitStack) -> None:
        with suppress(asyncpg.TooManyConnectionsError):
            for _ in range(MOST_CONNECTIONS):
                url = self.servers.database_url
                connection = await asyncpg.connect(url)
                stack.push_async_callback(connection.close)

    async def _flush(self) -> None:
        assert self.servers.redis is not None
        assert self.servers.redis.ask("FLUSHALL") == ["+OK"]

    def _kill_broker(self) -> None:
        broker = self.servers.broker
        assert broker is not None
        if isinstance(broker, RabbitMq):
            broker.sync()
        broker.kill()
