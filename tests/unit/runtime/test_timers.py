"""Timers fire at their time, and hold only the next stretch in memory."""

import asyncio
import heapq
import statistics
from collections.abc import Sequence

from sendwell.adapters.system import SystemClock
from sendwell.runtime.timers import Due, Timers

CLOCK = SystemClock()


class Table:
    """The rows behind the timers."""

    def __init__(self, rows: list[Due]) -> None:
        self.rows = sorted(rows)
        self.loads = 0
        self.fired: list[tuple[int, int]] = []
        self.done = asyncio.Event()
        self.awaited = 0

    async def load(self, after: Due, limit: int) -> Sequence[Due]:
        self.loads += 1
        return heapq.nsmallest(limit, (row for row in self.rows if row > after))

    async def fire(self, numbers: Sequence[int]) -> None:
        now = CLOCK.now()
        self.fired += [(number, now) for number in numbers]
        if len(self.fired) >= self.awaited:
            self.done.set()

    async def until(self, count: int) -> None:
        self.awaited = count
        if len(self.fired) < count:
            self.done.clear()
            async with asyncio.timeout(10):
                await self.done.wait()


async def test_they_fire_at_their_time_in_order() -> None:
    now = CLOCK.now()
    dues = {number: now + number * 30_000 for number in range(1, 6)}
    table = Table([(due, number) for number, due in dues.items()])
    timers = Timers(CLOCK, load=table.load, fire=table.fire)
    running = asyncio.create_task(timers.run())

    await table.until(5)

    running.cancel()
    assert [number for number, _ in table.fired] == [1, 2, 3, 4, 5]
    late = [at - dues[number] for number, at in table.fired]
    assert min(late) >= 0
    assert statistics.median(late) < 100_000


async def test_a_sooner_one_wakes_the_sleep() -> None:
    table = Table([(CLOCK.now() + 60_000_000, 1)])
    timers = Timers(CLOCK, load=table.load, fire=table.fire)
    running = asyncio.create_task(timers.run())
    await asyncio.sleep(0)
    while not table.loads:
        await asyncio.sleep(0)

    timers.add(CLOCK.now() + 20_000, 2)
    await table.until(1)

    running.cancel()
    assert [number for number, _ in table.fired] == [2]


async def test_a_hundred_thousand_far_ones_are_left_on_disk() -> None:
    far = CLOCK.now() + 3_600_000_000
    table = Table([(far + number, number) for number in range(100_000)])
    timers = Timers(CLOCK, load=table.load, fire=table.fire)
    running = asyncio.create_task(timers.run())

    while not table.loads:
        await asyncio.sleep(0)
    timers.add(CLOCK.now() + 20_000, -1)
    await table.until(1)

    running.cancel()
    assert len(timers) <= 8_192
    assert table.loads == 1


async def test_all_that_are_due_at_once_fire_stretch_by_stretch() -> None:
    now = CLOCK.now()
    table = Table([(now, number) for number in range(10_000)])
    timers = Timers(CLOCK, load=table.load, fire=table.fire)
    running = asyncio.create_task(timers.run())

    await table.until(10_000)

    running.cancel()
    assert sorted(number for number, _ in table.fired) == list(range(10_000))


async def test_many_that_are_added_do_not_stay_in_memory() -> None:
    now = CLOCK.now()
    table = Table([])
    timers = Timers(CLOCK, load=table.load, fire=table.fire)
    running = asyncio.create_task(timers.run())
    while not table.loads:
        await asyncio.sleep(0)

    for number in range(20_000):
        due = now + 3_600_000_000 + number
        table.rows.append((due, number))
        timers.add(due, number)

    running.cancel()
    assert len(timers) <= 8_192
