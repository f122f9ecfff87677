"""Whatever fails under the delivery role, it goes on when that is over, with everything it had."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendwell.domain.fair_queue import Serves
from sendwell.domain.lane import Lane
from sendwell.messages.task import Task
from sendwell.roles.delivery.ready import ReadyQueue
from tests.roles.delivery_house import ACME, EMAIL, SMS, House, a_house

MAILS = [f"ada-{number}@example.org" for number in range(40)]
PHONES = [f"+43660{number:06}" for number in range(10)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def test_a_read_that_fails_ends_nothing(house: House) -> None:
    """The queue of one channel cannot be read back: it is read later, and nobody else waits."""
    left = await house.leave(*MAILS)
    house.dispatchers[EMAIL].ready.recover(Lane.MEDIUM, ACME)
    house.database.silences = 2

    async with house.at_work() as process:
        beside = await house.plan(*PHONES, channel=SMS)
        assert {"SENT"} == {*(await house.ends(beside)).values()}
        assert {"SENT"} == {*(await house.ends([*left, *beside])).values()}
        assert "delivery" not in process.silent()

    assert sorted(MAILS) == sorted(house.vendors[EMAIL].got)


class BrokenOnce(ReadyQueue):
    """Has a defect that shows when it is first asked."""

    asked = 0

    def take(self, most: int, *, serves: Serves) -> list[Task]:
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError("a defect")
        return super().take(most, serves=serves)


async def test_what_ends_one_part_ends_all_and_they_begin_again(house: House) -> None:
    """Nothing is sent twice, nothing lost, and what is sent goes on record as before."""
    broken = house.dispatchers[SMS].ready = BrokenOnce(SMS, house.store)

    async with house.at_work() as process:
        await house.until(lambda: "delivery" in process.silent())
        tasks = await house.plan(*MAILS)
        ends = await house.ends(tasks)
        tasks += await house.plan("eve@example.org")
        ends |= await house.ends(tasks)
        running = [each for each in asyncio.all_tasks() if "Dispatcher.run" in str(each)]

    assert broken.asked > 1
    assert {*MAILS, "eve@example.org"} == ends.keys()
    assert {"SENT"} == {*ends.values()}
    assert len(house.dispatchers) == len(running)
