"""Timers fire at their time, and hold only the next stretch in memory."""

import asyncio
import heapq
import statistics
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import Unavailable
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


class FailingTable(Table):
    """Cannot be read, or not be fired at, as often as a test says; other timers come meanwhile."""

    reads_fail = 0
    fires_fail = 0
    meanwhile: Due | None = None
    timers: Timers

    async def load(self, after: Due, limit: int) -> Sequence[Due]:
        if self.reads_fail:
            self.reads_fail -= 1
            await asyncio.sleep(0)
            if self.meanwhile:
                self.rows.append(self.meanwhile)
                self.timers.add(*self.meanwhile)
            raise Unavailable("The database is not there right now.")
        return await super().load(after, limit)

    async def fire(self, numbers: Sequence[int]) -> None:
        if self.fires_fail:
            self.fires_fail -= 1
            raise Unavailable("The database is not there right now.")
        await super().fire(numbers)


@pytest.mark.parametrize("meanwhile", [None, (CLOCK.now() + 3_600_000_000, 99)])
async def test_what_could_not_be_read_is_read_later(meanwhile: Due | None) -> None:
    """Also where one that was added meanwhile is far behind what is only on disk."""
    table = FailingTable([(CLOCK.now(), 1), (CLOCK.now() + 1, 2)])
    table.reads_fail, table.meanwhile = 1, meanwhile
    timers = table.timers = Timers(CLOCK, load=table.load, fire=table.fire)
    with capture_logs() as lines:
        running = asyncio.create_task(timers.run())

        await table.until(2)

    assert lines == []  # a database tells itself that it is away

    assert not running.done()
    running.cancel()
    assert [number for number, _ in table.fired] == [1, 2]


async def test_what_could_not_be_fired_is_fired_later() -> None:
    table = FailingTable([(CLOCK.now(), 1), (CLOCK.now() + 1, 2)])
    table.fires_fail = 1
    running = asyncio.create_task(Timers(CLOCK, load=table.load, fire=table.fire).run())

    await table.until(2)

    assert not running.done()
    running.cancel()
    assert sorted(number for number, _ in table.fired) == [1, 2]


@pytest.mark.parametrize("stored", [0, 2, 4])
async def test_however_much_is_added_while_the_table_is_read_all_of_it_fires(
    stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendwell.runtime.timers._STRETCH", 4)
    now = CLOCK.now()
    table = Table([(now + 1_000_000 + number, number) for number in range(stored)])
    added = [(now + number, 100 + number) for number in range(20)]

    async def load(after: Due, limit: int) -> Sequence[Due]:
        found = await table.load(after, limit)
        while added:
            timer = added.pop(0)
            table.rows.append(timer)
            timers.add(*timer)
        return found

    timers = Timers(CLOCK, load=load, fire=table.fire)
    running = asyncio.create_task(timers.run())

    await table.until(20 + stored)

    running.cancel()
    assert {*range(stored), *range(100, 120)} == {number for number, _ in table.fired}
