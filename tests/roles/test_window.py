"""Of what waits to be sent only a window is in memory, whatever is long and whatever comes due."""

from pathlib import Path

import pytest

from sendwell.domain.ids import Node
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content
from sendwell.messages.task import Task
from sendwell.runtime.portion import MOST_BYTES
from tests.roles.delivery_house import CLOCK, EMAIL, EPOCH, House, a_house, a_task, address_of

BUDGET = 32
LONG = 100 * 1024
HERE, AWAY = Node(0), Node(3)


async def left(house: House, tasks: list[Task], *, state: State, node: Node = HERE) -> None:
    """They are on disk, of an earlier process."""
    for task in tasks:
        task.state = state
        task.due = CLOCK.now() if state is State.HELD else 0
    await house.put_on_disk(tasks, node=node)


def many(count: int, *, length: int = 0, lane: Lane = Lane.MEDIUM) -> list[Task]:
    content = Content(text=f"{lane}" + "x" * length)
    return [
        a_task(f"u{number}.{lane}@example.org", content=content, lane=lane)
        for number in range(count)
    ]


def held_bytes(tasks: list[Task]) -> int:
    requests = {id(task.request): task.request for task in tasks}
    contents = [request.content for request in requests.values()]
    return sum(len(content.text or "") for content in contents if content)


async def test_what_comes_due_all_at_once_waits_on_disk_and_all_of_it_goes_out(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, budget=BUDGET) as house:
        tasks = many(400)
        await left(house, tasks, state=State.HELD)
        vendor, ready = house.vendors[EMAIL], house.dispatchers[EMAIL].ready
        vendor.is_free.clear()
        async with house.at_work():
            await house.until(lambda: ready.is_spilled and len(vendor.got) > BUDGET)
            most = len(ready)
            vendor.is_free.set()
            await house.ends(tasks)

    assert most <= 2 * BUDGET
    assert sorted(vendor.got) == sorted(map(address_of, tasks))


async def test_what_is_urgent_and_comes_due_behind_them_goes_out_first(tmp_path: Path) -> None:
    async with a_house(tmp_path, budget=BUDGET) as house:
        tasks, urgent = many(400), many(1, lane=Lane.CRITICAL)
        await left(house, tasks, state=State.HELD)
        vendor, ready = house.vendors[EMAIL], house.dispatchers[EMAIL].ready
        vendor.is_free.clear()
        async with house.at_work():
            await house.until(lambda: ready.is_spilled and len(vendor.got) > BUDGET)
            await left(house, urgent, state=State.HELD)
            house.timers.add(urgent[0].due, urgent[0].work)
            await house.until(lambda: ready.has_urgent or address_of(urgent[0]) in vendor.got)
            vendor.is_free.set()
            await house.ends([*tasks, *urgent])

    assert vendor.got.index(address_of(urgent[0])) < len(tasks) // 2


@pytest.mark.parametrize("state", [State.PENDING, State.HELD])
async def test_of_long_ones_few_are_in_memory(tmp_path: Path, state: State) -> None:
    async with a_house(tmp_path, budget=8 * BUDGET) as house:
        tasks = many(60, length=LONG)
        await left(house, tasks, state=state)
        ready = house.dispatchers[EMAIL].ready
        await house.delivery.recover()
        await house.delivery.wake([task.work for task in tasks if task.due])
        ready.changed.set()
        while ready.changed.is_set():
            ready.changed.clear()
            await ready.fill()

        taken = ready.take(len(tasks), serves=lambda *_: True)

    assert 0 < held_bytes(taken) <= 8 * BUDGET * 8 * 1024 + MOST_BYTES
    assert len(taken) < len(tasks) * 2 // 3


async def test_a_reading_back_ends_where_it_is_enough_and_goes_on_from_there(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path) as house:
        tasks = many(50, length=LONG)
        await left(house, tasks, state=State.PENDING)
        request = tasks[0].request
        found: list[int] = []
        portions: list[int] = []
        after: int | None = 0
        while after is not None:
            read, after = await house.store.ready(
                EMAIL, Lane(request.lane), request.tenant, after=after, limit=4_096
            )
            found += [task.work for task in read]
            portions.append(held_bytes(read))

    assert found == [task.work for task in tasks]
    assert max(portions) <= MOST_BYTES
    assert len(portions) == 3


async def test_those_to_whom_one_long_notification_goes_are_read_together(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        (task,) = many(1, length=LONG)
        tasks = [
            Task(task.request, f"{number}.email", 0, EMAIL, planned_at=1) for number in range(40)
        ]
        await left(house, tasks, state=State.PENDING)
        request = task.request

        read, after = await house.store.ready(
            EMAIL, Lane(request.lane), request.tenant, after=0, limit=4_096
        )

    assert (len(read), after) == (40, None)


async def test_what_another_process_has_left_is_taken_over_in_portions_to_its_end(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path) as house:
        tasks = many(50, length=LONG)
        await left(house, tasks, state=State.PENDING, node=AWAY)
        portions: list[list[Task]] = []
        while read := await house.store.take_over(AWAY, [State.PENDING], epoch=EPOCH, limit=500):
            portions.append(read)

    assert [task.work for read in portions for task in read] == [task.work for task in tasks]
    assert max(map(held_bytes, portions)) <= MOST_BYTES
