"""What stays in the house does not wait for a provider."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.ids import TenantId
from sendwell.domain.limits import Rate
from sendwell.domain.routing import Route
from sendwell.roles.delivery.limits import Rates
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


async def test_a_limit_of_the_house_itself_is_waited_for_without_running_in_circles(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = house.dispatchers[EMAIL]
    _, in_house = dispatcher.exchange.accounts
    house.limits.use(Rates(provider={in_house.name: Rate.parse("1/h")}))
    rounds, seat = 0, dispatcher._seat

    async def counted(tasks: Sequence[Any], now: int) -> Any:
        nonlocal rounds
        rounds += 1
        return await seat(tasks, now)

    monkeypatch.setattr(dispatcher, "_seat", counted)

    async with house.at_work():
        tasks = await house.plan("a@example.org", "b@example.org", tenant=TEST)
        await house.until(lambda: len(house.vendors[EMAIL].got) == 1)
        await asyncio.sleep(0.3)
        assert rounds < 20
        house.limits.use(Rates())
        vendor = house.vendors[EMAIL]
        dispatcher.exchange.use(Route.parse("vendor"), {"vendor": vendor})  # as a reload does
        dispatcher.look_again()
        await house.ends(tasks)

    assert ["a@example.org", "b@example.org"] == house.vendors[EMAIL].got


async def test_while_the_house_rests_what_leaves_it_is_not_slept_through(house: House) -> None:
    dispatcher, vendor = house.dispatchers[EMAIL], house.vendors[EMAIL]
    _, in_house = dispatcher.exchange.accounts
    dispatcher.exchange.pause(in_house, 3_600_000_000)

    async with house.at_work():
        for number in range(60):
            dispatcher._seating.pauses.add(None, 2_000 + 97 * number)
            await house.plan(f"person{number}@example.org")
            await house.until(lambda: len(vendor.got) > number)  # noqa: B023 - in this round
