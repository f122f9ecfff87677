"""Keeps a consumer going, and knows whether it really does consume."""

import asyncio
from collections.abc import Sequence

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Arrived, Bus, Receive, Stream

log = structlog.get_logger()
_LOOKS_EVERY_SECONDS = 10.0
_SILENT_AFTER_LOOKS = 3


class Consumer:
    """One group's reader of some streams.

    It is silent when something waits for the group and nothing was done with for half a minute:
    then the process must not be called ready, however well it looks otherwise.
    """

    def __init__(
        self, bus: Bus, streams: Sequence[Stream], *, group: str, receive: Receive
    ) -> None:
        self._bus = bus
        self._streams = streams
        self._group = group
        self._receive = receive
        self._done = 0
        self._silences = 0

    @property
    def name(self) -> str:
        """What it is called in logs and on the page of health."""
        return f"consumer of {', '.join(sorted({each.name for each in self._streams}))}"

    @property
    def is_silent(self) -> bool:
        """Whether it has stopped consuming without a word."""
        return self._silences >= _SILENT_AFTER_LOOKS

    async def run(self) -> None:
        """Consume until cancelled."""
        await self._bus.declare(self._streams, group=self._group)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._consume())

    async def _consume(self) -> None:
        await self._bus.consume(self._streams, group=self._group, receive=self._take)

    async def _take(self, arrived: Sequence[Arrived]) -> None:
        await self._receive(arrived)
        self._done += len(arrived)

    async def _watch(self) -> None:
        while True:
            before = self._done
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)
            try:
                lag = await self._bus.lag(self._streams, group=self._group)
            except Unavailable as error:
                log.warning("consumer.cannot_look", consumer=self.name, error=error.message)
                continue
            is_still = lag > 0 and self._done == before
            self._silences = self._silences + 1 if is_still else 0
            if self.is_silent:
                log.error("consumer.silent", consumer=self.name, lag=lag)
