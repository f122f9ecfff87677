"""Keeps a consumer going, and knows whether it really does consume."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Bus, Receive, Stream
from sendwell.runtime.stillness import Stillness

log = structlog.get_logger()
_LOOKS_EVERY = timedelta(seconds=10)
_SILENT_AFTER_LOOKS = 3
_TURNS = 10
"""With much to catch up on, a partition's turn may come after that of many thousand messages."""


class Consumer:
    """One group's reader of some streams.

    It is silent when of one of them something waits that is this process's to take, and nothing of
    that was done with for half a minute, or of one of its parts for five: then the process must
    not be called ready, however well it looks otherwise. What waits for others in the group says
    nothing about this one.
    """

    def __init__(
        self,
        bus: Bus,
        streams: Sequence[Stream],
        *,
        group: str,
        receive: Receive,
        looks_every: timedelta = _LOOKS_EVERY,
    ) -> None:
        self._bus = bus
        self._streams = streams
        self._group = group
        self._receive = receive
        self._looks_every = looks_every
        self._stillness = Stillness(_SILENT_AFTER_LOOKS, turns=_TURNS)

    @property
    def name(self) -> str:
        """What it is called in logs and on the page of health."""
        return f"consumer of {', '.join(sorted({each.name for each in self._streams}))}"

    @property
    def is_silent(self) -> bool:
        """Whether it has stopped consuming one of its streams without a word."""
        return bool(self._stillness.streams)

    async def run(self) -> None:
        """Consume until cancelled."""
        await self._bus.declare(self._streams, group=self._group)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(
                self._bus.consume(self._streams, group=self._group, receive=self._receive)
            )

    async def _watch(self) -> None:
        while True:
            try:
                self._stillness.look(await self._bus.behind(self._streams, group=self._group))
            except Unavailable as error:
                log.warning("consumer.cannot_look", consumer=self.name, error=error.message)
            else:
                if self.is_silent:
                    still = self._stillness.streams
                    log.error("consumer.silent", consumer=self.name, streams=still)
            await asyncio.sleep(self._looks_every.total_seconds())
