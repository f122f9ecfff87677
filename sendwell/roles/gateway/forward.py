"""Hands accepted notifications on by a bus, where the planner is behind one.

The row of the journal is the outbox: it counts as unplanned until the broker has confirmed that it
has the message, and is read back and published again when we died before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from sendwell.domain.errors import Invalid, Unavailable
from sendwell.domain.ids import Node, Position
from sendwell.domain.pauses import Pauses
from sendwell.messages.requested import Requested
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus
from sendwell.ports.journal import Journal
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.streams import by_stream

log = structlog.get_logger()
_BATCH = 256
_BETWEEN_MARKS_SECONDS = 1.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 5.0


Letters = Callable[[Sequence[Requested]], list[Letter]]
"""How accepted notifications are told: to the planner, and to whoever else is to hear of them."""

GiveUp = Callable[[Requested, Exception], Awaitable[None]]
"""Puts on record that a notification cannot be handed on, and why."""


class Forwarder:
    """Publishes what the gateway has accepted."""

    def __init__(
        self,
        backlog: Backlog,
        journal: Journal,
        bus: Bus,
        *,
        letters: Letters,
        give_up: GiveUp,
    ) -> None:
        self._backlog = backlog
        self._journal = journal
        self._bus = bus
        self._letters = letters
        self._give_up = give_up
        self._marks_at = 0.0
        """By the loop's time."""

    async def run(self) -> None:
        """Publish for ever; urgent ones go past the others."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forward_all())
            group.create_task(self._forward_urgent())

    async def adopt(self, node: Node) -> int:
        """Publish what another process has accepted and not handed on; gives how many."""
        count, after = 0, Position(0)
        while True:
            left, last = await self._backlog.left_by(node, after=after)
            if last is None:
                return count
            await self._forward(left)
            count, after = count + len(left), last

    async def _forward_all(self) -> None:
        while True:
            await self._backlog.wait()
            batch = self._backlog.take(_BATCH)
            with self._backlog.in_hand(batch):
                await self._forward(batch)

    async def _forward_urgent(self) -> None:
        while True:
            batch = await self._backlog.take_urgent(_BATCH)
            with self._backlog.in_hand(batch):
                await self._forward(batch)

    async def _forward(self, requests: Sequence[Requested]) -> None:
        if not requests:
            return
        try:
            await self._publish(self._letters(requests))
        except Invalid as error:
            await self._part(requests, error)
        else:
            self._journal.forget(requests)
            await self._mark()

    async def _mark(self) -> None:
        """Now and then: what was handed on since is published again after a crash, and refused as
        what it is.
        """
        now = asyncio.get_running_loop().time()
        if now < self._marks_at:
            return
        self._marks_at = now + _BETWEEN_MARKS_SECONDS
        try:
            await self._journal.mark()
        except Unavailable as error:
            log.warning("gateway.not_marked", error=error.message)

    async def _publish(self, letters: Sequence[Letter]) -> None:
        """Until the broker has them all. Raises Invalid for what it will never take."""
        pauses = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            try:
                for stream, parcels in by_stream(letters).items():
                    await self._bus.publish(stream, parcels)
            except Unavailable as error:
                log.warning("gateway.forwarding_waits", letters=len(letters), error=error.message)
                await asyncio.sleep(pauses.take())
            else:
                return

    async def _part(self, requests: Sequence[Requested], error: Invalid) -> None:
        """One of them, or all together, the broker will never take. One that it does not take
        alone comes to a visible end.
        """
        if len(requests) > 1:
            middle = len(requests) // 2
            await self._forward(requests[:middle])
            await self._forward(requests[middle:])
            return
        (request,) = requests
        log.error("gateway.not_forwarded", notification=request.id, error=error.message)
        await self._give_up(request, error)
