"""What does not fit into memory is read back: each notification is planned exactly once."""

import asyncio

import pytest

from sendwell.domain.ids import Position
from sendwell.domain.lane import Lane
from tests.unit.runtime.backlog_house import (
    WINDOW,
    Disk,
    a_backlog,
    a_request,
    accept,
    handed_out,
    let_run,
    some,
)


async def test_what_does_not_fit_is_left_to_the_disk_and_read_back_in_its_order() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, some(*range(1, 101)))

    kept = len(backlog)
    handed = await handed_out(backlog, disk)

    assert (kept, handed) == (WINDOW, list(range(1, 101)))


async def test_long_ones_fill_the_window_although_they_are_few() -> None:
    disk = Disk()
    disk.most = 3
    backlog = a_backlog(disk)
    accept(backlog, disk, [a_request(position, length=50_000) for position in range(1, 51)])

    kept = len(backlog)

    assert 0 < kept < WINDOW // 2
    assert await handed_out(backlog, disk) == list(range(1, 51))


@pytest.mark.parametrize("lane", [Lane.CRITICAL, Lane.LOW])
async def test_of_those_to_many_people_few_are_handed_out_together(lane: Lane) -> None:
    backlog = a_backlog(Disk(), window=128)
    backlog.put([a_request(position, lane=lane, people=300) for position in range(1, 11)])

    if lane.is_urgent:
        batches = [await backlog.take_urgent(128) for _ in range(5)]
    else:
        batches = [backlog.take(128) for _ in range(5)]

    assert [[each.position for each in batch] for batch in batches] == [
        [1, 2], [3, 4], [5, 6], [7, 8], [9, 10]
    ]  # fmt: skip


async def test_waiting_ends_when_something_comes() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    waiting = asyncio.create_task(backlog.wait())
    await let_run()

    accept(backlog, disk, some(1))

    async with asyncio.timeout(5):
        await waiting
    assert some(1) == backlog.take(3)


async def test_a_high_lane_is_kept_however_much_waits_and_not_read_back() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, some(*range(1, 21)))
    accept(backlog, disk, [a_request(21, lane=Lane.HIGH)])

    kept = len(backlog)
    handed = await handed_out(backlog, disk)

    assert (kept, handed[0]) == (WINDOW + 1, 21)
    assert sorted(handed) == list(range(1, 22))


async def test_what_an_earlier_process_left_unplanned_is_planned() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    disk.store(some(*range(1, 21)))
    disk.open.update(Position(position) for position in range(1, 8))
    disk.over.update(Position(position) for position in range(8, 12))
    backlog.recover()

    handed = await handed_out(backlog, disk)

    assert handed == list(range(12, 21))


async def test_what_is_unplanned_is_found_behind_any_number_of_planned_ones() -> None:
    disk = Disk()
    backlog = a_backlog(disk, window=4_096)
    disk.store(some(*range(1, 1_026)))
    disk.open.update(Position(position) for position in range(1, 1_025))
    backlog.recover()

    handed = await handed_out(backlog, disk)

    assert handed == [1_025]


@pytest.mark.parametrize("lane", [Lane.HIGH, Lane.MEDIUM])
async def test_what_is_numbered_first_and_comes_last_brings_nothing_back_twice(lane: Lane) -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, [a_request(position, lane=lane) for position in range(2, 18)])

    accept(backlog, disk, some(1))

    assert sorted(await handed_out(backlog, disk)) == list(range(1, 18))


async def test_one_that_could_not_be_planned_yet_brings_nothing_back_twice() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, some(*range(1, 17)))
    failed = backlog.take(1)
    accept(backlog, disk, some(17))

    backlog.put(failed)

    assert sorted(await handed_out(backlog, disk)) == list(range(1, 18))


async def test_what_comes_while_the_disk_is_read_is_planned_once_whether_it_was_seen_or_not() -> (
    None
):
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, some(*range(1, 17), 20, 21))
    disk.open.update(request.position for request in backlog.take(16))
    disk.is_slow = True
    waiting = asyncio.create_task(backlog.wait())
    await let_run()
    accept(backlog, disk, some(18, 22))  # before it looks
    disk.go_on()
    await let_run()
    accept(backlog, disk, some(17, 19, 23))  # before it tells

    handed = await handed_out(backlog, disk, waiting=waiting)

    assert sorted(handed) == list(range(17, 24))


async def test_what_comes_while_a_read_fails_is_not_lost() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, some(*range(1, 17), 18))
    disk.open.update(request.position for request in backlog.take(16))
    disk.is_slow = True
    waiting = asyncio.create_task(backlog.wait())
    await let_run()
    accept(backlog, disk, some(17, 19))
    disk.fail()

    handed = await handed_out(backlog, disk, waiting=waiting)

    assert sorted(handed) == [17, 18, 19]


@pytest.mark.parametrize("halts", range(6))
async def test_what_ends_while_the_disk_is_looked_at_is_not_planned_again(halts: int) -> None:
    disk = Disk(is_slow=True)
    backlog = a_backlog(disk)
    disk.store(some(1, 2))
    disk.open.add(Position(1))
    backlog.recover()
    waiting = asyncio.create_task(backlog.wait())
    await let_run()
    for _ in range(halts):
        disk.go_on()
        await let_run()

    disk.open.remove(Position(1))
    disk.over.add(Position(1))

    assert await handed_out(backlog, disk, waiting=waiting) == [2]


async def test_what_the_disk_shows_before_it_is_put_is_planned_once() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    backlog.recover()

    with backlog.expecting(some(1)):
        disk.store(some(1))
        before = await handed_out(backlog, disk)
    backlog.put(some(1))

    assert (before, await handed_out(backlog, disk)) == ([], [1])


async def test_what_was_in_hand_and_is_not_planned_is_handed_out_again() -> None:
    """Somebody failed with it; another one of the batch was planned before."""
    disk = Disk()
    backlog = a_backlog(disk)
    backlog.recover()
    accept(backlog, disk, [a_request(number, lane=Lane.HIGH) for number in (1, 2)])
    batch = await backlog.take_urgent(2)
    disk.open.add(batch[0].position)
    with pytest.raises(RuntimeError), backlog.in_hand(batch):
        raise RuntimeError("a defect")

    assert [2] == await handed_out(backlog, disk)


async def test_what_was_in_hand_is_handed_out_again_although_the_first_look_fails() -> None:
    disk = Disk()
    backlog = a_backlog(disk)
    accept(backlog, disk, some(1))
    with pytest.raises(RuntimeError), backlog.in_hand(backlog.take(1)):
        raise RuntimeError("a defect")
    disk.is_slow = True
    waiting = asyncio.create_task(backlog.wait())
    await let_run()

    disk.fail()

    assert [1] == await handed_out(backlog, disk, waiting=waiting)
