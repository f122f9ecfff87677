"""What a process leaves is another one's at once, however much waits there already."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.domain.ids import ChannelName, Node
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from sendwell.ports.database import Database
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.journal.journal import SqlJournal
from tests.roles.databases import EITHER, either
from tests.roles.delivery_house import (
    CLOCK,
    EMAIL,
    EPOCH,
    IDS,
    SMS,
    a_house,
    a_task,
    address_of,
)

BUDGET = 32
AWAY = Node(3)


def many(count: int, name: str, channel: ChannelName = EMAIL) -> list[Task]:
    suffix = "@example.org" if channel == EMAIL else ""
    return [a_task(f"{name}{number}{suffix}", channel) for number in range(count)]


async def test_a_channel_that_stands_still_holds_up_nothing_of_what_is_taken_over(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, budget=BUDGET) as house:
        own, theirs = many(4 * BUDGET, "own"), many(8 * BUDGET, "theirs")
        (code,) = codes = many(1, "+4366412345", SMS)
        await house.put_on_disk(own)
        await house.put_on_disk([*theirs, *codes], node=AWAY)
        mails, ready = house.vendors[EMAIL], house.dispatchers[EMAIL].ready
        mails.is_free.clear()
        await house.delivery.recover()
        async with house.at_work():
            await house.until(lambda: ready.is_spilled and len(mails.got) > 0)

            taken = await house.delivery.adopt(AWAY)
            await house.until(lambda: house.vendors[SMS].got == [address_of(code)])
            most = ready.weight
            mails.is_free.set()
            await house.ends([*own, *theirs, *codes])

    assert taken == len(theirs) + 1
    assert most <= 3 * BUDGET
    assert sorted(mails.got) == sorted(map(address_of, [*own, *theirs]))


async def test_who_takes_over_and_dies_leaves_it_to_the_next_start(tmp_path: Path) -> None:
    async with a_house(tmp_path, budget=BUDGET) as house:
        theirs = many(2 * BUDGET, "theirs")
        await house.put_on_disk(theirs, node=AWAY)
        await house.store.inherit(AWAY, epoch=EPOCH, channels=[EMAIL], after=0, now=CLOCK.now())

        await house.delivery.recover()
        async with house.at_work():
            await house.ends(theirs)

    assert sorted(house.vendors[EMAIL].got) == sorted(map(address_of, theirs))


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


async def test_urgent_ones_are_due_first_and_what_waits_for_a_time_still_does(
    database: Database,
) -> None:
    low, high = a_task("low@example.org", lane=Lane.LOW), a_task("h@example.org", lane=Lane.HIGH)
    later, elsewhere = a_task("later@example.org"), a_task("+43664", SMS)
    for task in (later, elsewhere):
        task.state, task.due = State.SCHEDULED, CLOCK.now() + 3_600_000_000
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    away, ours = DeliveryStore(database, journal, node=AWAY), DeliveryStore(database, journal)
    tasks = [low, high, later, elsewhere]
    for task in tasks:
        task.work = IDS.position()
    await database.commit(away.put(tasks, epoch=EPOCH))
    now, after = CLOCK.now(), 0

    found: list[tuple[int, int]] = []
    while left := await ours.inherit(
        AWAY, epoch=EPOCH, channels=[EMAIL], after=after, now=now, limit=3
    ):
        found += left
        after = max(work for _, work in left)

    assert sorted(found) == [
        (now + Lane.HIGH, high.work),
        (now + Lane.MEDIUM, elsewhere.work),
        (now + Lane.LOW, low.work),
        (later.due, later.work),
    ]
    assert sorted(found) == sorted(await ours.due(after=(0, 0), limit=10))
