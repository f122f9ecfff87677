"""Lists of many people do not keep the others waiting until all of them are planned."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from sendwell.domain.ids import Node
from sendwell.messages.requested import Requested, To
from sendwell.roles.orchestrator.planner import Known, Planned, Planner
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene
from tests.roles.delivery_house import CLOCK, EMAIL, a_house, a_task

Plan = Callable[[Orchestrator, Sequence[Requested]], Awaitable[object]]
WAYS: dict[str, Plan] = {
    "arrived": lambda orchestrator, requests: orchestrator.plan_arrived(requests),
    "left by another process": lambda orchestrator, _: orchestrator.adopt(Node(3)),
}


def lists(count: int, people: int) -> list[Requested]:
    """To so many people each, for later."""
    return [
        a_task(
            "",
            to=tuple(To(email=f"u{number}.{place}@example.org") for place in range(people)),
            channels=(EMAIL,),
            send_at="2099-01-01T00:00:00Z",
        ).request
        for number in range(count)
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_they_are_planned_one_by_one_and_short_ones_together(
    tmp_path: Path, way: str
) -> None:
    batches: list[int] = []

    async def hear(batch: Sequence[Requested], _: Scene) -> Sequence[Message]:
        batches.append(len(batch))
        return ()

    async with a_house(tmp_path) as house:
        requests = [*lists(3, 600), *lists(100, 1)]
        await house.database.commit(house.journal.copied(requests))
        orchestrator = house.with_planner()
        house.flow.listen(Requested, hear)

        await WAYS[way](orchestrator, requests)

        assert len(await house.open()) == 3 * 600 + 100

    assert batches == [1, 1, 1, 100]


async def test_between_two_of_them_others_have_a_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, turns, at = Planner.plan, 0, list[int]()

    def planned(self: Planner, request: Requested, known: Known) -> list[Planned]:
        at.append(turns)
        return plan(self, request, known)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(Planner, "plan", planned)
    async with a_house(tmp_path) as house:
        orchestrator = house.with_planner()
        theirs = asyncio.create_task(others())
        await orchestrator.on_requested(lists(5, 50), Scene(CLOCK.now()))
        theirs.cancel()

    assert len(set(at)) == 5
