"""Producers that go on whatever happens: half by HTTP to any process, half by the broker."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack, suppress
from random import Random

from tests.acceptance.product import Product
from tests.chaos.clock import now
from tests.chaos.cluster.fleet import Fleet
from tests.chaos.cluster.sessions import until
from tests.chaos.doors.door import Door, GoneError
from tests.chaos.doors.http import HttpDoor
from tests.chaos.draft import Draft, Drafts
from tests.chaos.producer import client_of
from tests.chaos.requests import Requests

_BY_BUS = 0.5
_REPEATS_EVERY_SECONDS = 0.7
_PATIENCE_SECONDS = 10
_LAST_SECONDS = 40


class Crowd:
    """A repetition goes in by the same kind of door as the first time, but to any process."""

    def __init__(
        self,
        drafts: Drafts,
        requests: Requests,
        fleet: Fleet,
        *,
        bus: Door | None,
        per_second: float,
        chance: Random,
    ) -> None:
        self._drafts = drafts
        self._requests = requests
        self._fleet = fleet
        self._bus = bus
        self._seconds = 1 / per_second
        self._chance = chance
        self._by_bus: set[int] = set()
        self._doors: dict[Product, HttpDoor] = {}
        self._clients = AsyncExitStack()
        self._shutting: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._asking = 0

    async def run(self) -> None:
        """Produce until `stop`, then ask again until all that can be known again is answered."""
        async with self._clients:
            async with asyncio.TaskGroup() as group:
                repeating = group.create_task(self._repeat(group))
                while not self._is_over:
                    drafts = self._drafts.draw(now())
                    self._share(drafts)
                    self._begin(group, drafts)
                    for draft, id_ in self._requests.to_cancel(1):
                        group.create_task(self._cancel(draft, id_))
                    await asyncio.sleep(len(drafts) * self._seconds)
                repeating.cancel()
            async with asyncio.TaskGroup() as group:
                try:
                    await until(lambda: self._is_answered(group), _LAST_SECONDS)
                except TimeoutError:
                    self._requests.refusals.append("Some got no answer though all was well again.")

    def stop(self) -> None:
        """Begin nothing new."""
        self._is_over = True

    def _share(self, drafts: Sequence[Draft]) -> None:
        if self._bus is not None and len(drafts) == 1 and self._chance.random() < _BY_BUS:
            self._by_bus.add(drafts[0].serial)

    async def _repeat(self, group: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(_REPEATS_EVERY_SECONDS)
            for draft in self._requests.to_repeat():
                self._begin(group, [draft])

    async def _is_answered(self, group: asyncio.TaskGroup) -> bool:
        unanswered = self._requests.unanswered()
        for draft in unanswered:
            self._begin(group, [draft])
        return not unanswered and not self._asking

    def _begin(self, group: asyncio.TaskGroup, drafts: Sequence[Draft]) -> None:
        if (door := self._door(drafts)) is not None:
            group.create_task(self._ask(self._requests.ask(door, drafts)))

    async def _ask(self, asking: Awaitable[None]) -> None:
        self._asking += 1
        try:
            with suppress(GoneError):
                await asking
        finally:
            self._asking -= 1

    async def _cancel(self, draft: Draft, id_: str) -> None:
        if (door := self._any_http()) is not None:
            with suppress(GoneError):
                await self._requests.cancel(door, draft, id_)

    def _door(self, drafts: Sequence[Draft]) -> Door | None:
        return self._bus if drafts[0].serial in self._by_bus else self._any_http()

    def _any_http(self) -> HttpDoor | None:
        """To one of the processes that are up; None while there is none."""
        if not (members := self._fleet.up):
            return None
        product = self._chance.choice(members).product
        if product not in self._doors:
            self._shut_what_is_gone()
            client = client_of(product, seconds=_PATIENCE_SECONDS)
            self._clients.push_async_callback(client.aclose)
            self._doors[product] = HttpDoor(client, may_be_busy=True)
        return self._doors[product]

    def _shut_what_is_gone(self) -> None:
        """Each life of a process leaves sockets behind, and many lives more than one may have."""
        gone = [each for each in self._doors if each.process.returncode is not None]
        for product in gone:
            shutting = asyncio.create_task(self._doors.pop(product).shut())
            self._shutting.add(shutting)
            shutting.add_done_callback(self._shutting.discard)
