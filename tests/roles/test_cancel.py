"""A delivery that is cancelled ends as it is when it is stopped, not as it was when it was read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import select

from sendwell.domain.ids import Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from sendwell.ports.questions import Cancelled
from sendwell.roles.delivery.rows import Claim
from sendwell.runtime.journal.tables import OUTCOME
from tests.roles.delivery_house import CLOCK, EPOCH, House, a_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


class Meanwhile:
    """Lets an attempt of what is read be begun before the reader has it, and fail if it `ends`."""

    def __init__(self, house: House, *, ends: bool) -> None:
        self._house, self._read, self._ends = house, house.store.of, ends

    async def __call__(self, tenant: TenantId, position: Position) -> list[Task]:
        read = await self._read(tenant, position)
        claims = [Claim(task.work, "vendor", CLOCK.now(), EPOCH) for task in read]
        assert all(await self._house.store.claim(claims, is_urgent=False))
        if self._ends:
            later = CLOCK.now() + 60_000_000
            waits = [structs.replace(task, state=State.RETRYING, due=later) for task in read]
            await self._house.database.commit(self._house.store.postpone(waits))
        return read


async def test_what_was_tried_meanwhile_is_cancelled_with_its_attempt(house: House) -> None:
    (left,) = await house.leave("ada@example.org")
    house.store.of = Meanwhile(house, ends=True)  # type: ignore[method-assign]

    stopped = await house.delivery.cancel(left.request)
    async with house.at_work():
        ends = await house.ends([left])
    (row,) = await house.database.rows(select(OUTCOME.c.attempt))

    assert Cancelled([left.part]) == stopped
    assert {"ada@example.org": "CANCELLED"} == ends
    assert row.attempt == 1


async def test_what_is_in_hand_meanwhile_is_not_cancelled(house: House) -> None:
    (left,) = await house.leave("ada@example.org")
    house.store.of = Meanwhile(house, ends=False)  # type: ignore[method-assign]

    assert Cancelled([], [left.part]) == await house.delivery.cancel(left.request)
    assert ["PROCESSING"] == await house.open()


async def test_what_is_cancelled_does_not_wait_again_for_what_was_decided_before(
    house: House,
) -> None:
    (left,) = await house.leave("ada@example.org")
    await house.delivery.cancel(left.request)

    held = structs.replace(left, state=State.HELD, due=CLOCK.now() + 60_000_000)
    await house.database.commit(house.store.postpone([held]))

    assert ["CANCELLED"] == await house.open()
