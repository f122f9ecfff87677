"""What stays in the house does not wait for a provider."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.ids import TenantId
from tests.roles.delivery_house import CLOCK, EMAIL, House, a_house

TEST = TenantId("acme.test")
REST = BreakerPolicy(failures=1, rest=timedelta(hours=1))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def test_a_test_environment_goes_on_beside_a_provider_that_is_down(house: House) -> None:
    exchange = house.dispatchers[EMAIL].exchange
    account, in_house = exchange.accounts
    account.breaker = Breaker(REST).after_failure(int(CLOCK.elapsed() * 1e6))

    async with house.at_work():
        waiting = await house.plan("a@example.org", "b@example.org")
        first = await house.plan("c@example.org", tenant=TEST)
        await house.ends(first)
        in_house.in_flight = in_house.seats
        second = await house.plan("d@example.org", tenant=TEST)
        exchange.leave(in_house)
        house.dispatchers[EMAIL].look_again()
        await house.ends([*first, *second])

    assert ["c@example.org", "d@example.org"] == house.vendors[EMAIL].got
    assert ["PENDING"] * len(waiting) == await house.open()
