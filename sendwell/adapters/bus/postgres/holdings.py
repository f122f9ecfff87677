"""What a member holds at the moment, which of it may owe something, and when to see to its seat."""

import asyncio
import random
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

import asyncpg

from sendwell.adapters.bus.postgres.batch import Done, Hold
from sendwell.adapters.bus.postgres.seat import Seat
from sendwell.runtime.waiting import wait_at_most

_RENEWALS = 3
"""In the time of a lease, so that one that fails does no harm. They are the slow sweeps, too."""


class Holdings:
    """Shards by their numbers."""

    def __init__(self, seat: Seat, lease: timedelta) -> None:
        self.seat = seat
        self.held: dict[int, Hold] = {}
        self._lease = lease
        self._now = asyncio.get_running_loop().time
        self._renewed = self._now()
        self._is_settled = False
        self._news: dict[int, None] = {}
        """Shards that may owe something, in the order in which they are looked at."""
        self._stirred = asyncio.Event()

    def look_at(self, shards: Iterable[int]) -> None:
        """They may owe something."""
        self._news.update(dict.fromkeys(shard for shard in shards if shard in self.held))
        self._stirred.set()

    def unsettle(self) -> None:
        """Other members have come or gone."""
        self._is_settled = False
        self._stirred.set()

    def take_news(self) -> dict[int, Hold]:
        """What to look at now. What is heard from now on is to be looked at again."""
        news = {shard: self.held[shard] for shard in self._news if shard in self.held}
        self._news.clear()
        return news

    async def until_stirred(self) -> None:
        """Wait until there is something to look at, or the seat to be seen to."""
        while not (self._news or self.is_due):
            self._stirred.clear()
            await wait_at_most(self._stirred, self.until_due)

    @property
    def is_due(self) -> bool:
        """Whether the seat is to be seen to."""
        return not self._is_settled or self.until_due <= 0

    @property
    def until_due(self) -> float:
        """Seconds until that has to be, whoever comes or goes."""
        return self._renewed + self._lease.total_seconds() / _RENEWALS - self._now()

    @property
    def is_expired(self) -> bool:
        """Whether others may have taken what is held here, because this process stood still."""
        return self._now() > self._renewed + self._lease.total_seconds()

    async def tend(self, connection: asyncpg.Connection, *, busy: Collection[int] = ()) -> None:
        """Renew the seat, hold a fair part, and look at all of it: a notification may be lost."""
        started = self._now()
        self._is_settled = True  # unless somebody comes or goes meanwhile
        await self.seat.renew(connection, self._lease)
        plan, kept = await self.seat.plan(connection, held=self.held, busy=busy, draw=random.random)
        claimed = await self.seat.claim(connection, plan.claims) if plan.claims else {}
        if plan.releases:
            await self.seat.release(connection, plan.releases)
        if not plan.is_final or len(claimed) < len(plan.claims):
            self._is_settled = False
        self._renewed = started
        self.held = {shard: self.held[shard] for shard in kept} | claimed
        self.look_at(self.held)

    def advance(self, done: Mapping[int, Done], *, kept: Collection[int]) -> None:
        """A batch is finished, in the `kept` shards; the others were taken over."""
        for shard, each in done.items():
            if shard in kept:
                self.held[shard] = Hold(each.token)
            else:
                self.held.pop(shard, None)
                self.unsettle()

    def refuse(self, done: Mapping[int, Done]) -> None:
        """A batch was not taken: it comes again, as far as it is still ours."""
        for shard, each in done.items():
            if (hold := self.held.get(shard)) and hold.token == each.token:
                self.held[shard] = Hold(hold.token, hold.tries + 1, each.last)
        self.look_at(done)
