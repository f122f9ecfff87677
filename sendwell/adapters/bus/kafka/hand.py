"""A batch in the hands of `receive`: the thread that reads waits here for the loop."""

import asyncio
import threading
from collections.abc import Sequence

from sendwell.adapters.bus.kafka.records import Record
from sendwell.ports.bus import Receive


class Hand:
    """Hands the records to `receive` on its loop. Used from the thread that reads."""

    def __init__(
        self, records: Sequence[Record], receive: Receive, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.records = records
        self.places = {record.place for record in records}
        self.is_taken = False
        self.error: BaseException | None = None
        self._receive = receive
        self._loop = loop
        self._over = threading.Event()
        self._task: asyncio.Task[None] | None = None
        loop.call_soon_threadsafe(self._begin)

    def wait(self, seconds: float) -> bool:
        """Whether it is over by then: taken, refused or dropped."""
        return self._over.wait(seconds)

    def drop(self) -> None:
        """Whoever receives is cancelled, once."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        # It was begun by an earlier call into the loop.
        if self._task and not self._task.cancelling():
            self._task.cancel()

    async def _run(self) -> None:
        await self._receive([record.arrived for record in self.records])

    def _end(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self.error = task.exception()
            self.is_taken = self.error is None
        self._over.set()
