"""A member of a group, at one queue."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from sendwell.adapters.bus.rabbitmq.ahead import Ahead
from sendwell.adapters.bus.rabbitmq.fault import is_cancelled
from sendwell.adapters.bus.rabbitmq.intake import Intake
from sendwell.adapters.bus.rabbitmq.link import Link
from sendwell.adapters.bus.rabbitmq.places import Places
from sendwell.adapters.bus.rabbitmq.topology import Topology, queue_of
from sendwell.domain.backoff import Jitter, RetryPolicy, delay
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Arrived, Receive, Stream

log = structlog.get_logger()

_AHEAD = 2
"""Batches that are pushed ahead: one at work, one behind it."""

_MOST_AHEAD = 0xFFFF
"""AMQP has two bytes for it."""

_REFUSED = RetryPolicy(
    base=timedelta(milliseconds=100), cap=timedelta(seconds=5), jitter=Jitter.NONE
)
_LOST = RetryPolicy(base=timedelta(milliseconds=100), cap=timedelta(seconds=2), jitter=Jitter.NONE)
"""To be back soon after the broker is: a connection that is refused costs nobody anything."""


class _Refused(Exception):
    """`receive` raised."""


@dataclass(slots=True)
class Member:
    """Hands over what comes to the group on one stream. `turn` is held while it is `receive`d."""

    stream: Stream
    group: str
    link: Link
    topology: Topology
    receive: Receive
    most: int
    turn: asyncio.Lock
    intake: Intake | None = None
    taken: int = field(default=0, init=False)
    """How many batches were done with."""
    _refusals: int = field(default=0, init=False)
    _losses: int = field(default=0, init=False)
    _is_declared: bool = field(default=False, init=False)
    _places: Places = field(init=False)
    _ahead: Ahead = field(init=False)

    def __post_init__(self) -> None:
        self._places = Places(self.queue)
        self._ahead = Ahead(min(_AHEAD * self.most, _MOST_AHEAD))

    @property
    def queue(self) -> str:
        return queue_of(self.stream, self.group)

    @property
    def is_holding(self) -> bool:
        """Whether something was pushed here that is not done with."""
        return self.intake is not None and self.intake.unfinished > 0

    async def work(self) -> None:
        """Until cancelled: after a failure all is given back, and read again after a pause."""
        while True:
            try:
                await self._read()
                continue
            except _Refused:
                self._refusals += 1
                pause = delay(_REFUSED, self._refusals, chance=0)
            except Unavailable as error:
                self._losses += 1
                self._is_declared = False
                pause = delay(_LOST, self._losses, chance=0)
                if self._losses == 1:
                    log.warning("bus.lost", queue=self.queue, why=error.message)
            await asyncio.sleep(pause.total_seconds())

    async def _read(self) -> None:
        """Until more or fewer are to be pushed ahead. What was, and is not taken, comes again then,
        in order; of a consumer that is cancelled it would come in any order.
        """
        async with self._reading() as intake:
            if self._losses:
                log.info("bus.back", queue=self.queue)
            self._losses = 0
            while not intake.is_outdated:
                await self._hand_over(intake)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Intake]:
        if not self._is_declared:
            await self.topology.declare([self.stream], self.group)
            self._is_declared = True
        channel = await self.link.channel()
        try:
            self.intake = Intake(
                channel, self.stream, self.queue, places=self._places, ahead=self._ahead
            )
            await self.intake.open()
            yield self.intake
        finally:
            self._places.give_back()
            await self.link.let_go(channel)
            self.intake = None

    async def _hand_over(self, intake: Intake) -> None:
        await intake.until_filled()
        async with self.turn:
            await self._received(intake.take(self.most))
        await intake.acknowledge()
        self.taken += 1
        self._refusals = 0

    async def _received(self, batch: Sequence[Arrived]) -> None:
        try:
            await self.receive(batch)
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            raise _Refused from error  # something in it was cancelled, not we
        except Exception as error:
            log.warning("bus.refused", queue=self.queue, parcels=len(batch), exc_info=error)
            raise _Refused from error
