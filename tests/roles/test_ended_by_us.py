"""What we end for one recipient is nobody's cancelling, and costs the others nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sendwell.domain.admission import ERASED, NOT_DELIVERED
from sendwell.domain.ids import ChannelName, Node
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import To
from sendwell.messages.task import Task
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.roles.orchestrator.planner import moved
from sendwell.runtime.journal.tables import OUTCOME
from tests.roles.delivery_house import CLOCK, EMAIL, EPOCH, IDS, SMS, House, a_house, a_task

PUSH = ChannelName("push")
ADA = To(phone="+436641234567", email="ada@example.org")
EVE = To(phone="+436641234568", email="eve@example.org")
IN_TURN: dict[str, Any] = {"to": (ADA, EVE), "channels": (SMS, EMAIL), "is_fallback": True}
EARLIER = EPOCH - 1
TOMORROW = CLOCK.now() + 86_400_000_000
ANOTHER = Node(3)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.with_planner()
        yield house


async def waiting(house: House) -> tuple[Task, Task]:
    """Of one notification: Ada's waits for tomorrow, Eve's for its next attempt."""
    first = a_task("", SMS, **IN_TURN)
    first.state, first.due = State.SCHEDULED, TOMORROW
    second = Task(first.request, "1.sms", 1, SMS, first.planned_at, State.RETRYING, 1, attempt=1)
    for task in (first, second):
        task.work = IDS.position()
    await house.database.commit(
        [
            *house.journal.copied([first.request]),
            *house.store.put([first, second], epoch=EARLIER),
        ]
    )
    return first, second


async def ends_of(house: House) -> dict[str, tuple[str, str | None]]:
    rows = await house.database.rows(select(OUTCOME))
    return {row.part: (row.status, row.rule) for row in rows}


async def all_ended(house: House, *parts: str) -> dict[str, tuple[str, str | None]]:
    """How they ended, once all have."""
    async with asyncio.timeout(30):
        while not {*parts} <= (ends := await ends_of(house)).keys():
            await asyncio.sleep(0.005)
    return ends


async def test_anothers_retry_goes_out_while_the_end_of_an_erased_one_is_put_on_record(
    house: House,
) -> None:
    first, second = await waiting(house)
    request = first.request

    await house.delivery.end(request.tenant, request.position, parts=["0.sms"], by=ERASED)
    await house.delivery.wake([second.work])
    async with house.at_work():
        ends = await all_ended(house, "0.sms", "1.sms")

    assert {"0.sms": ("SUPPRESSED", "erased"), "1.sms": ("SENT", None)} == ends


async def test_anothers_next_channel_follows_while_the_end_of_an_erased_one_is_put_on_record(
    house: House,
) -> None:
    first, second = await waiting(house)
    request = first.request
    dies = moved(second, State.DEAD, CLOCK.now())
    await house.database.commit(house.store.finish([second]))

    await house.delivery.end(request.tenant, request.position, parts=["0.sms"], by=ERASED)
    await house.flow.run([dies])
    async with house.at_work():
        ends = await all_ended(house, "0.sms", "1.email")

    assert ("SENT", None) == ends["1.email"]


async def test_an_end_by_erasing_is_told_so_by_who_goes_on_after_a_crash(house: House) -> None:
    first, _ = await waiting(house)
    await house.store.withdraw([first], by=ERASED.rule, epoch=EARLIER)

    async with house.at_work():
        await house.delivery.recover()
        ends = await all_ended(house, "0.sms", "1.sms")

    assert {"0.sms": ("SUPPRESSED", "erased"), "1.sms": ("SENT", None)} == ends


async def test_a_channel_that_is_gone_leaves_a_dead_letter_and_the_next_channel_after_a_crash(
    house: House,
) -> None:
    to = (To(token="a token", email="ada@example.org"),)
    task = a_task("", PUSH, to=to, channels=(PUSH, EMAIL), is_fallback=True)
    task.work, task.state, task.due = IDS.position(), State.SCHEDULED, CLOCK.now()
    left = DeliveryStore(house.database, house.journal, node=ANOTHER)
    await house.database.commit(
        [*house.journal.copied([task.request]), *left.put([task], epoch=EARLIER)]
    )
    await left.withdraw([task], by=NOT_DELIVERED.rule, epoch=EARLIER)

    async with house.at_work():
        await house.delivery.adopt(ANOTHER)
        ends = await all_ended(house, "0.push", "0.email")

    letters = await house.database.rows(select(DEAD_LETTER.c.part, DEAD_LETTER.c.cause))
    assert {"0.push": "DEAD", "0.email": "SENT"} == {part: end for part, (end, _) in ends.items()}
    assert [("0.push", "no_provider")] == [tuple(letter) for letter in letters]
