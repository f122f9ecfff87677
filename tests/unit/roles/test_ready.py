"""Whatever the order of numbers, commits and reads: each piece of work is handed out once."""

import asyncio

import pytest

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from tests.unit.roles.ready_house import (
    BACKS,
    WINDOW,
    Back,
    Disk,
    a_queue,
    a_task,
    claim,
    come_due,
    handed_out,
    let_run,
    plan,
    some,
)

BACK = pytest.mark.parametrize("back", BACKS)


async def test_what_does_not_fit_is_left_to_the_disk_and_read_back_in_its_order() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 201)))

    kept, was_spilled = len(queue), queue.is_spilled
    handed = await handed_out(queue, disk)

    assert (kept, was_spilled) == (WINDOW, True)
    assert handed == list(range(1, 201))
    assert not queue.is_spilled


async def test_one_tenants_flood_takes_no_room_from_another() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 201)))
    plan(queue, disk, [a_task(work, tenant="beta") for work in range(201, 204)])

    works = claim(queue, disk, 6)

    assert sorted(works) == [1, 2, 3, 201, 202, 203]


async def test_while_half_the_window_is_full_the_disk_is_not_read() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 41)))
    claim(queue, disk, WINDOW // 2 - 1)

    await queue.fill()
    before = len(queue)
    claim(queue, disk, 1)
    await queue.fill()

    assert (before, len(queue)) == (WINDOW // 2 + 1, 24)


async def test_what_an_earlier_process_left_is_read_back() -> None:
    disk = Disk()
    queue = a_queue(disk)
    disk.store(some(*range(1, 101)))
    queue.recover(Lane.MEDIUM, TenantId("acme"))

    handed = await handed_out(queue, disk)

    assert handed == list(range(1, 101))


async def test_work_whose_time_has_come_is_kept_however_much_waits() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(2, 42)))

    queue.put_due(some(1))

    assert len(queue) == WINDOW + 1
    assert sorted(await handed_out(queue, disk)) == list(range(1, 42))


async def test_of_what_comes_due_only_a_window_is_in_memory_and_all_is_handed_out() -> None:
    disk = Disk()
    queue = a_queue(disk)
    come_due(queue, disk, some(*range(1, 201)))

    kept, is_spilled = len(queue), queue.is_spilled
    await queue.fill()

    assert (kept, is_spilled, len(queue)) == (WINDOW, True, WINDOW)
    assert await handed_out(queue, disk) == list(range(1, 201))
    assert not queue.is_spilled


async def test_what_is_urgent_and_comes_due_does_not_wait_behind_the_rest() -> None:
    disk = Disk()
    queue = a_queue(disk)
    come_due(queue, disk, some(*range(1, 201)))

    come_due(queue, disk, [a_task(work, lane=Lane.HIGH) for work in range(201, 241)])

    assert claim(queue, disk, 3) == [201, 202, 203]
    assert queue.has_urgent


async def test_long_ones_fill_the_window_although_they_are_few() -> None:
    disk = Disk()
    queue = a_queue(disk)
    disk.most = 3
    tasks = [a_task(work, length=100_000) for work in range(1, 51)]
    plan(queue, disk, tasks[:25])
    come_due(queue, disk, tasks[25:])

    kept, weight = len(queue), queue.weight

    assert kept < WINDOW // 8
    assert weight < 3 * WINDOW
    assert sorted(await handed_out(queue, disk)) == list(range(1, 51))
    assert queue.weight == 0


async def test_after_a_portion_that_leaves_the_window_low_there_is_more_to_do() -> None:
    disk = Disk()
    queue = a_queue(disk)
    disk.most = 3
    disk.store(some(*range(1, 101)))
    queue.recover(Lane.MEDIUM, TenantId("acme"))

    fills = 0
    while queue.changed.is_set():
        queue.changed.clear()
        await queue.fill()
        fills += 1

    assert WINDOW // 2 < len(queue) <= WINDOW // 2 + 3
    assert fills == 6


@BACK
async def test_work_whose_time_comes_twice_while_it_waits_is_handed_out_once(back: Back) -> None:
    queue = a_queue(Disk())
    queue.put_due(some(1, 2))
    taken = queue.take(1, serves=lambda *_: True)
    back(queue, taken)

    queue.put_due(some(1, 2))

    works = [task.work for task in queue.take(9, serves=lambda *_: True)]
    assert works == [1, 2]
    queue.put_due(some(1))  # it was held once more, and this is its next time
    assert len(queue) == 1


@BACK
async def test_work_that_could_not_go_keeps_its_place(back: Back) -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(1, 2, 3))
    taken = queue.take(2, serves=lambda *_: True)

    back(queue, taken)

    assert await handed_out(queue, disk) == [1, 2, 3]


async def test_what_is_numbered_first_and_comes_last_is_handed_out_once() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(2, 34)))
    plan(queue, disk, some(1))
    plan(queue, disk, some(35))

    plan(queue, disk, some(34))

    assert sorted(await handed_out(queue, disk)) == list(range(1, 36))


async def test_what_somebody_else_has_in_hand_is_not_read_back() -> None:
    disk = Disk()
    queue = a_queue(disk)
    queue.put_due(some(*range(1, 33)))
    disk.store(some(33))  # on its way to be put off: nobody queues for it

    plan(queue, disk, some(34))

    assert 33 not in await handed_out(queue, disk)


async def test_what_comes_while_the_disk_is_read_is_handed_out_once_seen_or_not() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(1, 33), 36))
    early = claim(queue, disk, 20)
    disk.is_slow = True
    filling = asyncio.create_task(queue.fill())
    await let_run()
    plan(queue, disk, some(34, 37))  # before it looks
    disk.go_on()
    await let_run()
    plan(queue, disk, some(33, 35, 38))  # before it tells

    handed = await handed_out(queue, disk, filling=filling)

    assert sorted([*early, *handed]) == list(range(1, 39))


async def test_what_comes_while_a_read_fails_is_not_lost() -> None:
    disk = Disk()
    queue = a_queue(disk)
    plan(queue, disk, some(*range(2, 34), 35))
    early = claim(queue, disk, 20)
    disk.is_slow = True
    filling = asyncio.create_task(queue.fill())
    await let_run()
    plan(queue, disk, some(1, 34, 36))
    disk.fail()
    with pytest.raises(OSError, match="disk"):
        await filling

    handed = await handed_out(queue, disk)

    assert sorted([*early, *handed]) == list(range(1, 37))


async def test_what_the_disk_shows_before_it_is_put_is_handed_out_once() -> None:
    disk = Disk()
    queue = a_queue(disk)
    queue.recover(Lane.MEDIUM, TenantId("acme"))
    tasks = some(1)
    queue.expect(tasks)
    disk.store(tasks)
    before = await handed_out(queue, disk)

    queue.put(tasks)

    assert (before, await handed_out(queue, disk)) == ([], [1])
