"""A service that wants people told: at a steady rate, now and then in a hurry."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import httpx2

from tests.acceptance.product import Product
from tests.chaos.clock import now
from tests.chaos.doors.door import GoneError
from tests.chaos.doors.http import HttpDoor
from tests.chaos.draft import Drafts
from tests.chaos.requests import Requests

_EVERYTHING = 10**6


class Producer:
    """Produces while it runs; does not wait for one answer before it asks for the next thing."""

    def __init__(self, drafts: Drafts, requests: Requests, *, per_second: float) -> None:
        self._drafts = drafts
        self._requests = requests
        self._seconds = 1 / per_second
        self._is_hurried = False
        self._is_over = False
        self._wakes = asyncio.Event()

    async def run(self, product: Product) -> None:
        """Produce until the product is gone, or `stop`."""
        self._is_over = self._is_hurried = False
        async with client_of(product) as client, asyncio.TaskGroup() as group:
            door = HttpDoor(client)

            def begin(asking: Awaitable[None]) -> None:
                group.create_task(self._until_gone(asking))

            for draft in self._requests.to_repeat():
                begin(self._requests.ask(door, [draft]))
            while not self._is_over:
                drafts = self._drafts.batch(now()) if self._is_hurried else self._drafts.draw(now())
                doomed = self._requests.to_cancel(_EVERYTHING if self._is_hurried else 1)
                self._is_hurried = False
                begin(self._requests.ask(door, drafts))
                for draft, id_ in doomed:
                    begin(self._requests.cancel(door, draft, id_))
                await self._pause(len(drafts) * self._seconds)

    def hurry(self) -> None:
        """Ask for a batch at this moment, and cancel all that is to be cancelled."""
        self._is_hurried = True
        self._wakes.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._is_over = True
        self._wakes.set()

    async def _until_gone(self, asking: Awaitable[None]) -> None:
        try:
            await asking
        except GoneError:
            self.stop()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wakes.wait()
        self._wakes.clear()


def client_of(product: Product, *, seconds: float = 30) -> httpx2.AsyncClient:
    """Connections of our own: the product's are closed as soon as it is dead."""
    headers = {"Authorization": f"Bearer {product.key}"}
    return httpx2.AsyncClient(base_url=product.url, headers=headers, timeout=seconds)
