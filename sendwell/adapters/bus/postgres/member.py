"""A member of a group: reads one stream, hands out what it holds, and keeps its seat meanwhile."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

import structlog

from sendwell.adapters.bus.postgres.batch import Batch
from sendwell.adapters.bus.postgres.declaring import declare
from sendwell.adapters.bus.postgres.holdings import Holdings
from sendwell.adapters.bus.postgres.seat import Seat
from sendwell.adapters.bus.postgres.server import FAULTS, Server
from sendwell.domain.pauses import Pauses
from sendwell.ports.bus import Arrived, Receive, Stream

log = structlog.get_logger()
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 2.0
_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 0.1, 5.0


class Member:
    """One member is one task, with one batch at a time. Nobody else has its `name`."""

    def __init__(
        self,
        server: Server,
        stream: Stream,
        *,
        group: str,
        name: str,
        receive: Receive,
        most: int,
        lease: timedelta,
    ) -> None:
        self._server = server
        self._stream = stream
        self._group = group
        self.name = name
        self._receive = receive
        self._most = most
        self._lease = lease
        self._holdings: Holdings | None = None
        self._faults = _pauses()
        self._refusals = Pauses(_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS)

    def hear_news(self, stream: int, bits: int) -> None:
        """Something was published in these shards."""
        if self._holdings and self._holdings.seat.number == stream:
            self._holdings.look_at(s for s in self._holdings.held if bits >> s & 1)

    def hear_members(self, stream: int, group: str) -> None:
        """Members of this group have come or gone."""
        if self._holdings and (self._holdings.seat.number, self._group) == (stream, group):
            self._holdings.unsettle()

    def miss(self) -> None:
        """Anything may have been announced without our hearing it."""
        if self._holdings:
            self._holdings.unsettle()

    async def work(self) -> NoReturn:
        """Hand out what comes until cancelled; then give everything back."""
        try:
            while True:
                try:
                    await self._session()
                except FAULTS as error:
                    self._say("bus.away", error)
                    await asyncio.sleep(self._faults.take())
        finally:
            await self._leave()

    async def _session(self) -> NoReturn:
        holdings = await self._sit_down()
        self._faults.reset()
        while True:
            if holdings.is_due:
                async with self._server.connection() as connection:
                    await holdings.tend(connection)
            batch = await self._fetch(holdings)
            if holdings.is_expired:
                holdings.look_at(batch.done)
            elif batch.arrived:
                await self._hand_out(holdings, batch)
            else:
                await holdings.until_stirred()

    async def _sit_down(self) -> Holdings:
        """What was held before a failure still is, unless the database says otherwise."""
        async with self._server.connection() as connection:
            numbers = await declare(connection, [self._stream.name], group=self._group)
            seat = Seat(self._group, numbers[self._stream.name], self.name)
            if self._holdings is None or self._holdings.seat != seat:
                self._holdings = Holdings(seat, self._lease)
            await self._holdings.tend(connection)
        return self._holdings

    async def _fetch(self, holdings: Holdings) -> Batch:
        news = holdings.take_news()
        if not news:
            return Batch()
        async with self._server.connection() as connection:
            batch = await holdings.seat.fetch(connection, self._stream, holds=news, most=self._most)
        holdings.look_at(batch.rest)
        return batch

    async def _hand_out(self, holdings: Holdings, batch: Batch) -> None:
        if await self._is_received(holdings, batch):
            self._refusals.reset()
            await self._finish(holdings, batch)
        else:
            holdings.refuse(batch.done)
            await self._rest(holdings, self._refusals.take())

    async def _is_received(self, holdings: Holdings, batch: Batch) -> bool:
        """Hand the batch out, seeing to the seat for as long as that takes."""
        receiving = asyncio.create_task(self._call(batch.arrived))
        try:
            while not receiving.done():
                await asyncio.wait({receiving}, timeout=_at_least_a_moment(holdings.until_due))
                if not receiving.done():
                    await self._tend_if_possible(holdings, busy=batch.done)
        finally:
            receiving.cancel()
            await asyncio.wait({receiving})
        return not receiving.cancelled() and receiving.result()

    async def _call(self, arrived: Sequence[Arrived]) -> bool:
        try:
            await self._receive(arrived)
        except Exception as error:  # noqa: BLE001 - whatever it was, the batch comes again
            self._say("bus.refused", error)
            return False
        return True

    async def _finish(self, holdings: Holdings, batch: Batch) -> None:
        """Say it until the server has heard it: what is not ours any more is refused there."""
        pauses = _pauses()
        while True:
            try:
                async with self._server.connection() as connection:
                    kept = await holdings.seat.finish(connection, batch.done)
                return holdings.advance(batch.done, kept=kept)
            except FAULTS as error:
                self._say("bus.away", error)
                await asyncio.sleep(pauses.take())

    async def _rest(self, holdings: Holdings, seconds: float) -> None:
        """Do nothing for a while but see to the seat."""
        now = asyncio.get_running_loop().time
        end = now() + seconds
        while (left := end - now()) > 0:
            await asyncio.sleep(min(left, _at_least_a_moment(holdings.until_due)))
            if holdings.is_due:
                await self._tend_if_possible(holdings)

    async def _tend_if_possible(self, holdings: Holdings, busy: Collection[int] = ()) -> None:
        with suppress(*FAULTS):  # the next statement that matters meets the same
            async with self._server.connection() as connection:
                await holdings.tend(connection, busy=busy)

    async def _leave(self) -> None:
        """As far as possible: else the others wait until the lease has run out."""
        if self._holdings:
            with suppress(*FAULTS):
                async with self._server.connection() as connection:
                    await self._holdings.seat.leave(connection)

    def _say(self, event: str, error: Exception) -> None:
        log.warning(event, stream=self._stream.name, group=self._group, error=type(error).__name__)


def _pauses() -> Pauses:
    return Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)


def _at_least_a_moment(seconds: float) -> float:
    """What is overdue, because the server is away, is not tried all the time."""
    return max(seconds, _FIRST_REST_SECONDS)
