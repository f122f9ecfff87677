"""Much that a bus brings at once is taken in hand as seats come free, and waits there meanwhile."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from sendwell.ports.database import Unit
from tests.roles.delivery_house import EMAIL, a_house, a_task

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
            await house.delivery.take_arrived(tasks[:1])  # from now on the channel is in use
            await house.delivery.take_arrived(tasks)
            mails.is_free.set()
            ends = await house.ends(tasks)

    assert set(ends.values()) == {State.SENT}
    assert sum(map(len, taken)) == len(tasks)
    assert len(taken) > 2
    assert set(taken[1]) == {State.PROCESSING}
