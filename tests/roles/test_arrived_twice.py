"""What a bus brings twice at a time is planned and sent once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from sendwell.domain.errors import Conflict
from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene
from tests.roles.delivery_house import CLOCK, EMAIL, EPOCH, IDS, House, a_house, a_task

MAILS = ("ada@example.org", "bob@example.org")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def test_a_request_that_comes_twice_in_a_batch_is_planned_once(house: House) -> None:
    tasks = [a_task(mail, channels=(EMAIL,)) for mail in MAILS]
    requests = [task.request for task in tasks]
    await house.database.commit(house.journal.copied(requests))
    orchestrator = house.with_planner()

    async with house.at_work():
        await orchestrator.plan_arrived([*requests, *requests])
        await house.ends(tasks)

    assert sorted(house.vendors[EMAIL].got) == sorted(MAILS)


async def test_a_request_that_comes_again_while_it_is_planned_is_sent_once(house: House) -> None:
    task = a_task("ada@example.org", channels=(EMAIL,))
    await house.database.commit(house.journal.copied([task.request]))
    orchestrator = house.with_planner()

    with capture_logs() as logs:
        async with house.at_work():
            await asyncio.gather(*(orchestrator.plan_arrived([task.request]) for _ in range(2)))
            await house.ends([task])

    assert house.vendors[EMAIL].got == ["ada@example.org"]
    assert [log["event"] for log in logs if log["log_level"] == "error"] == []


async def test_a_request_that_was_looked_for_before_it_was_sent_is_sent_once(house: House) -> None:
    task = a_task("ada@example.org", channels=(EMAIL,))
    await house.database.commit(house.journal.copied([task.request]))
    orchestrator = house.with_planner()

    async with house.at_work():
        await orchestrator.plan_arrived([task.request])
        await house.ends([task])
        await orchestrator._plan_each([task.request])  # it was unknown when somebody looked

    assert house.vendors[EMAIL].got == ["ada@example.org"]


async def test_beside_one_that_somebody_else_has_just_taken_the_others_are_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, bobs = (a_task(mail) for mail in MAILS)
    await house.database.commit(house.journal.copied([taken.request, bobs.request]))
    theirs = msgspec.structs.replace(taken, work=IDS.position())
    look = house.store.unknown

    async def unknown(tasks: Sequence[Task]) -> list[Task]:
        found = await look(tasks)
        monkeypatch.undo()
        await house.database.commit(house.store.put([theirs], epoch=EPOCH))
        return found

    monkeypatch.setattr(house.store, "unknown", unknown)

    async with house.at_work():
        with pytest.raises(Conflict):
            await house.delivery.take_arrived([taken, bobs])
        for task in (taken, bobs):
            await house.delivery.take_arrived([task])
        await house.ends([bobs])

    assert house.vendors[EMAIL].got == ["bob@example.org"]


async def test_what_is_to_go_out_later_is_scheduled_once(house: House) -> None:
    later = a_task("ada@example.org", channels=(EMAIL,), send_at="2099-01-01T00:00:00Z")
    await house.database.commit(house.journal.copied([later.request]))

    await house.with_planner().plan_arrived([later.request, later.request])

    assert await house.moves(later) == ["SCHEDULED"]


async def test_a_backlog_is_taken_in_pieces(house: House) -> None:
    tasks = [a_task(f"person{number}@example.org") for number in range(5_000)]
    for task in tasks:
        task.state, task.due = State.HELD, CLOCK.now() + 10**12
    await house.database.commit(house.journal.copied([task.request for task in tasks]))
    taken: list[int] = []

    async def count(batch: Sequence[Task], scene: Scene) -> Sequence[Message]:
        del scene
        taken.append(len(batch))
        return ()

    house.flow.listen(Task, count)
    await house.delivery.take_arrived([*tasks, *tasks])

    assert max(taken) < 2_500
    assert sum(taken) == len(tasks) == len(await house.open())
