"""What is in flight when its notification is cancelled is not called back, and goes no further."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sendwell.domain.ids import ChannelName, Node
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Deferred, Fault, Outcome, Refused
from sendwell.domain.policy import Policy
from sendwell.messages.requested import To
from sendwell.messages.task import Task
from sendwell.ports.questions import Cancelled
from sendwell.roles.delivery.rows import Claim
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.orchestrator.planner import moved
from sendwell.runtime.journal.tables import OUTCOME
from tests.roles.delivery_house import CLOCK, EMAIL, EPOCH, IDS, SMS, House, a_house, a_task

ADA = To(phone="+436641234567", email="ada@example.org")
EVE = To(phone="+436641234568", email="eve@example.org")
IN_TURN: dict[str, Any] = {"to": (ADA, EVE), "channels": (SMS, EMAIL), "is_fallback": True}
REFUSED = Refused(Fault("30007", "Filtered.", Blame.CONTENT))
BUSY = Deferred(Fault("http.503", "It is down."))
EARLIER = EPOCH - 1
ANOTHER = Node(3)
TOMORROW = CLOCK.now() + 86_400_000_000


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.with_planner()
        yield house


def to_both() -> tuple[Task, Task]:
    """One delivery that goes out at once, and one that waits for tomorrow."""
    first = a_task("", SMS, **IN_TURN)
    second = Task(first.request, "1.sms", 1, SMS, first.planned_at, State.SCHEDULED, TOMORROW)
    return first, second


async def ends_of(house: House, task: Task) -> dict[str, str]:
    position = task.request.position
    rows = await house.database.rows(select(OUTCOME).where(OUTCOME.c.position == position))
    return {row.part: row.status for row in rows}


async def ended(house: House, task: Task, part: str) -> None:
    async with asyncio.timeout(10):
        while part not in await ends_of(house, task):
            pass


async def nothing_is_open(house: House) -> None:
    async with asyncio.timeout(10):
        while await house.open():
            pass


@pytest.mark.parametrize(("answer", "end"), [(REFUSED, "DEAD"), (BUSY, "CANCELLED")])
async def test_it_is_neither_tried_again_nor_sent_by_another_channel(
    house: House, answer: Outcome, end: str
) -> None:
    vendor = house.vendors[SMS]
    vendor.answers["+436641234567"] = answer
    vendor.is_free.clear()
    tasks = to_both()
    await house.database.commit(house.journal.copied([tasks[0].request]))

    async with house.at_work():
        await house.flow.run(tasks)
        await house.until(lambda: bool(vendor.got))
        stopped = await house.delivery.cancel(tasks[0].request)
        vendor.is_free.set()
        await nothing_is_open(house)

    assert Cancelled(["1.sms"], ["0.sms"]) == stopped
    assert {"0.sms": end, "1.sms": "CANCELLED"} == await ends_of(house, tasks[0])
    assert (1, 0) == (len(vendor.got), len(house.vendors[EMAIL].got))


@pytest.mark.parametrize(("answer", "end"), [(REFUSED, "DEAD"), (BUSY, "CANCELLED")])
async def test_so_it_is_where_nothing_else_of_it_waits(
    house: House, answer: Outcome, end: str
) -> None:
    vendor = house.vendors[SMS]
    vendor.answers["+436641234567"] = answer
    vendor.is_free.clear()
    task, _ = to_both()
    await house.database.commit(house.journal.copied([task.request]))

    async with house.at_work():
        await house.flow.run([task])
        await house.until(lambda: bool(vendor.got))
        stopped = await house.delivery.cancel(task.request)
        again = await house.delivery.cancel(task.request)
        vendor.is_free.set()
        await nothing_is_open(house)

    assert [Cancelled([], ["0.sms"])] * 2 == [stopped, again]
    assert {"0.sms": end} == await ends_of(house, task)
    assert (1, 0) == (len(vendor.got), len(house.vendors[EMAIL].got))


async def test_a_replay_that_is_in_flight_then_is_not_tried_again_either(house: House) -> None:
    vendor = house.vendors[SMS]
    vendor.answers["+436641234567"] = BUSY
    vendor.is_free.clear()
    first, _ = to_both()
    replay = Task(first.request, "0.sms.r1", 0, SMS, CLOCK.now(), replay_of="0.sms")
    await house.database.commit(house.journal.copied([first.request]))

    async with house.at_work():
        await house.flow.run([replay])
        await house.until(lambda: bool(vendor.got))
        await house.delivery.cancel(first.request)
        vendor.is_free.set()
        await nothing_is_open(house)

    assert {"0.sms.r1": "CANCELLED"} == await ends_of(house, first)
    assert len(vendor.got) == 1


@pytest.mark.parametrize(("resends", "end"), [(True, "CANCELLED"), (False, "DEAD")])
async def test_another_process_that_takes_over_what_was_in_flight_knows_it(
    tmp_path: Path, *, resends: bool, end: str
) -> None:
    async with a_house(tmp_path, defaults=Policy(resends_unknown={SMS: resends})) as house:
        house.with_planner()
        task, _ = to_both()
        task.work = IDS.position()
        left = DeliveryStore(house.database, house.journal, node=ANOTHER)
        await house.database.commit(
            [*house.journal.copied([task.request]), *left.put([task], epoch=EARLIER)]
        )
        await left.claim([Claim(task.work, "vendor", CLOCK.now(), EARLIER)], is_urgent=False)

        stopped = await house.delivery.cancel(task.request)
        async with house.at_work():
            await house.delivery.adopt(ANOTHER)
            await nothing_is_open(house)

        assert Cancelled([], ["0.sms"]) == stopped
        assert {"0.sms": end} == await ends_of(house, task)
        assert ([], []) == (house.vendors[SMS].got, house.vendors[EMAIL].got)


async def test_one_that_takes_over_and_has_not_its_channel_does_not_go_on_by_another(
    house: House,
) -> None:
    push = ChannelName("push")
    task = a_task("", push, to=(ADA,), channels=(push, EMAIL), is_fallback=True)
    task.work, task.state, task.attempt, task.due = IDS.position(), State.RETRYING, 1, TOMORROW
    task.reason = "cancel"
    left = DeliveryStore(house.database, house.journal, node=ANOTHER)
    await house.database.commit(
        [*house.journal.copied([task.request]), *left.put([task], epoch=EARLIER)]
    )

    async with house.at_work():
        await house.delivery.adopt(ANOTHER)
        await nothing_is_open(house)

    assert {"0.push": "CANCELLED"} == await ends_of(house, task)


@pytest.mark.parametrize("is_on_record", [True, False])
async def test_so_says_who_goes_on_with_it_after_a_crash(
    house: House, *, is_on_record: bool
) -> None:
    first, second = to_both()
    first.work, second.work = IDS.position(), IDS.position()
    await house.database.commit(
        [*house.journal.copied([first.request]), *house.store.put([first], epoch=EARLIER)]
    )
    claim = Claim(first.work, "vendor", CLOCK.now(), EARLIER)
    assert [True] == list(await house.store.claim([claim], is_urgent=False))
    if is_on_record:
        await house.flow.run([moved(second, State.CANCELLED, CLOCK.now())])
    else:  # somebody is at it
        second.state, second.claimed_at = State.CANCELLED, CLOCK.now()
        await house.database.commit(house.store.put([second], epoch=EPOCH))

    async with house.at_work():
        await house.delivery.recover()
        await ended(house, first, "0.sms")

    assert "DEAD" == (await ends_of(house, first))["0.sms"]
    assert ([] if is_on_record else ["CANCELLED"]) == await house.open()
    assert [] == house.vendors[EMAIL].got


async def test_a_replay_that_is_asked_for_later_is_tried_again(house: House) -> None:
    first, second = to_both()
    await house.database.commit(house.journal.copied([first.request]))
    vendor = house.vendors[SMS]
    vendor.answers["+436641234567"] = REFUSED

    async with house.at_work():
        await house.flow.run([first, second])
        await ended(house, first, "0.email")
        await house.delivery.cancel(first.request)
        vendor.answers["+436641234567"] = BUSY
        replay = Task(first.request, "0.sms.r1", 0, SMS, CLOCK.now(), replay_of="0.sms")
        await house.flow.run([replay])
        await house.until(lambda: len(vendor.got) == 2)
        del vendor.answers["+436641234567"]
        await nothing_is_open(house)

    assert "SENT" == (await ends_of(house, first))["0.sms.r1"]
