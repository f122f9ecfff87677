"""Much that a bus brings at once is taken in hand as seats come free, and waits there meanwhile."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from sendwell.ports.database import Unit
from tests.roles.delivery_house import EMAIL, SMS, a_house, a_task

MORE_THAN_SEATS = 400


async def test_what_finds_a_seat_is_claimed_by_the_commit_that_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_house(tmp_path) as house:
        tasks = [a_task(f"p{number}@example.org") for number in range(MORE_THAN_SEATS)]
        await house.database.commit(house.journal.copied([task.request for task in tasks]))
        mails, put = house.vendors[EMAIL], house.store.put
        mails.is_free.clear()
        taken: list[list[State]] = []

        def watched(tasks: Sequence[Task], *, epoch: int) -> Unit:
            taken.append([task.state for task in tasks])
            return put(tasks, epoch=epoch)

        monkeypatch.setattr(house.store, "put", watched)
        async with house.at_work():
            await house.delivery.take_arrived(tasks)
            mails.is_free.set()
            ends = await house.ends(tasks)

    assert set(ends.values()) == {State.SENT}
    assert sum(map(len, taken)) == len(tasks)
    assert len(taken) > 1
    assert set(taken[0]) == {State.PROCESSING}


async def test_what_has_to_wait_for_others_is_taken_together_and_holds_up_no_other_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_house(tmp_path) as house:
        mails = [a_task(f"p{number}@example.org") for number in range(MORE_THAN_SEATS)]
        later = [a_task(f"q{number}@example.org") for number in range(MORE_THAN_SEATS)]
        codes = [a_task(f"+43664{number:07}", SMS) for number in range(40)]
        requests = [task.request for task in (*mails, *later, *codes)]
        await house.database.commit(house.journal.copied(requests))
        house.vendors[EMAIL].is_free.clear()
        put = house.store.put
        taken: list[set[str]] = []

        def watched(tasks: Sequence[Task], *, epoch: int) -> Unit:
            taken.append({task.channel for task in tasks})
            return put(tasks, epoch=epoch)

        async with house.at_work():
            await house.delivery.take_arrived(mails)  # more than there are seats
            monkeypatch.setattr(house.store, "put", watched)
            mixed = [task for pair in zip(later, codes, strict=False) for task in pair]
            await house.delivery.take_arrived([*mixed, *later[len(codes) :]])
            sent = await house.ended()
            await house.until(lambda: len(house.vendors[SMS].got) == len(codes))
            house.vendors[EMAIL].is_free.set()
            await house.ends([*mails, *later, *codes])

    assert len(sent) <= len(codes)
    assert taken == [{EMAIL}, {SMS}]
