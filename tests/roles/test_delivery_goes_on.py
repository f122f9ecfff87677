"""Whatever fails under the delivery role, it goes on when that is over, with everything it had."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.fair_queue import Serves
from sendwell.domain.ids import UserId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene
from tests.roles.delivery_house import ACME, CLOCK, EMAIL, SMS, House, a_house

MAILS = [f"ada-{number}@example.org" for number in range(40)]
ASLEEP = UserId("ada")
NOW = datetime.fromtimestamp(CLOCK.now() / 1e6, UTC)
QUIET_NOW = {
    "quiet_hours": {
        "windows": [
            {
                "from": f"{NOW - timedelta(hours=1):%H:%M}",
                "to": f"{NOW + timedelta(hours=6):%H:%M}",
            }
        ],
        "timezone": "Etc/UTC",
    }
}
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
    broken = house.dispatchers[SMS].ready = BrokenOnce(
        SMS, house.store, wake=house.delivery.wake_some
    )

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


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        pytest.param({"expires_at": 1}, [State.EXPIRED], id="expired"),
        pytest.param({"content": Content()}, [State.FAILED, State.DEAD], id="unsendable"),
        pytest.param({"to": (To(user_id=ASLEEP),)}, [State.HELD], id="held"),
    ],
)
async def test_what_was_cancelled_while_it_waited_moves_no_more(
    house: House, changes: dict[str, Any], moves: list[State]
) -> None:
    """Its neighbours the gate ends or holds when their turn has come."""
    said: list[State] = []

    async def on_status(batch: Sequence[Status], _: Scene) -> Sequence[Message]:
        said.extend(status.state for status in batch)
        return ()

    house.flow.listen(Status, on_status)
    await house.users.put(ACME, ASLEEP, Profile({EMAIL: "ada@example.org"}))
    await house.users.preferences.choose(ACME, ASLEEP, value=QUIET_NOW)
    left = await house.leave(*MAILS[:3], **changes)
    house.dispatchers[EMAIL].ready.put(left)
    await house.delivery.cancel(left[1].request)

    async with house.at_work():
        await house.until(lambda: len(said) > 2 * len(moves))

    assert sorted([State.CANCELLED, *moves, *moves]) == sorted(said)
