"""How the suite of the Bus port uses a broker: members of groups, and what they are handed."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Arrived, Bus, Parcel, Receive, Stream
from tests.conformance.bus_case import BusCase, Makes
from tests.services.servers import Server

PATIENCE = 10.0
"""Seconds after which publishing to a broker that is away must have given up."""
SOON = 30.0
"""Seconds after which what has not happened is taken never to happen."""


def parcels(count: int, *, keys: int = 1, name: str = "parcel") -> list[Parcel]:
    """Parcels that take turns with `keys` keys; the bodies are their numbers."""
    return [Parcel(f"{name}-{n}", f"key-{n % keys}", str(n).encode()) for n in range(count)]


def by_key(parcels: Sequence[Parcel] | Sequence[Arrived]) -> dict[str, list[str]]:
    """The ids of each key in order; the first time counts where one came again."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for each in parcels:
        found[each.key][each.id] = None
    return {key: list(ids) for key, ids in found.items()}


async def publish_at_last(bus: Bus, stream: Stream, sent: Sequence[Parcel]) -> None:
    """Publish as callers have to: all of it again until it is stored."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await bus.publish(stream, sent)
            except Unavailable:
                await asyncio.sleep(0.1)


class Inbox:
    """A `receive` that keeps what it is handed, and that a test can wait for."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.sizes: list[int] = []
        self._news = asyncio.Event()

    async def __call__(self, batch: Sequence[Arrived]) -> None:
        self.sizes.append(len(batch))
        self.arrived += batch
        self._news.set()

    @property
    def ids(self) -> list[str]:
        """In the order of arrival; what arrived again is not counted again."""
        return list(dict.fromkeys(each.id for each in self.arrived))

    async def until(self, is_enough: Callable[[], bool]) -> None:
        """Wait for it; asked whenever something has arrived."""
        try:
            async with asyncio.timeout(SOON):
                while not is_enough():
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            raise AssertionError(f"{len(self.ids)} have arrived, and no more") from None

    async def has(self, expected: Sequence[Parcel]) -> None:
        """Wait until all of them have arrived."""
        missing = {each.id for each in expected}
        read = 0

        def is_all() -> bool:
            nonlocal read
            missing.difference_update(each.id for each in self.arrived[read:])
            read = len(self.arrived)
            return not missing

        await self.until(is_all)


class Broker:
    """One broker, as one test sees it: no stream or group of it was ever used."""

    def __init__(self, case: BusCase, server: Server, makes: Makes) -> None:
        self.case = case
        self.server = server
        self._makes = makes
        self._made: list[Bus] = []
        self._mark = os.urandom(4).hex()

    def bus(self) -> Bus:
        """As one more process has it. Closed when the test is over."""
        self._made.append(self._makes())
        return self._made[-1]

    def group(self, name: str = "workers") -> str:
        return f"{name}-{self._mark}"

    def stream(self, name: str = "parcels") -> Stream:
        """Not declared yet."""
        return Stream(f"{name}.{self._mark}")

    async def declared(self, bus: Bus, *names: str, group: str = "workers") -> list[Stream]:
        """Streams that keep what comes for the group."""
        streams = [self.stream(name) for name in names]
        await bus.declare(streams, group=self.group(group))
        return streams

    @asynccontextmanager
    async def member(
        self,
        bus: Bus,
        streams: Sequence[Stream],
        receive: Receive,
        *,
        group: str = "workers",
        most: int = 500,
    ) -> AsyncIterator[None]:
        """A member of the group is at work for as long as the block lasts."""
        work = bus.consume(streams, group=self.group(group), receive=receive, most=most)
        task = asyncio.create_task(work)
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def is_done(self, bus: Bus, stream: Stream, group: str = "workers") -> None:
        """Wait until the group has done with all of the stream."""
        async with asyncio.timeout(SOON):
            while await self._owes(bus, stream, group):
                await asyncio.sleep(0.02)

    async def _owes(self, bus: Bus, stream: Stream, group: str) -> bool:
        """Also as long as the broker is too busy to say."""
        try:
            return await bus.lag([stream], group=self.group(group)) > 0
        except Unavailable:
            return True

    async def close(self) -> None:
        for bus in self._made:
            await bus.close()
