"""What is held up together goes on in time, and is waited for without running in circles."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.messages.task import Task
from sendwell.roles.delivery.hold_ups import HoldUps
from sendwell.roles.delivery.limits import Rates
from tests.roles.delivery_house import CLOCK, EMAIL, SMS, House, a_house
from tests.roles.patient_clock import PatientClock

HOUR_US = 3_600_000_000


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


def test_a_pause_is_over_at_its_time_and_the_longer_one_counts() -> None:
    clock = PatientClock()
    clock.stand_still()
    pauses = HoldUps(clock)
    pauses.add(None, 2_000_000)
    pauses.add(None, 1_000_000)
    pauses.add(Lane.LOW, 1_000_000)

    clock.passed = 1.5

    assert (None in pauses, Lane.LOW in pauses) == (True, False)
    assert pauses.left() == [pytest.approx(0.5)]
    pauses.clear()
    assert None not in pauses


async def test_while_all_is_held_up_there_is_room_in_the_house_only(house: House) -> None:
    dispatcher = house.dispatchers[EMAIL]
    dispatcher._seating.pauses.add(None, HOUR_US)

    assert dispatcher.room() == dispatcher.exchange.free_in_house() > 0
    assert dispatcher.appetite() == 0


async def test_a_clock_that_is_set_back_makes_no_pause_longer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher, vendor = house.dispatchers[EMAIL], house.vendors[EMAIL]
    house.limits.use(Rates(everything=Rate.parse("5/s")))
    now = CLOCK.now

    async with house.at_work():
        tasks = await house.plan(*(f"person{number}@example.org" for number in range(12)))
        await house.until(lambda: None in dispatcher._seating.pauses)
        monkeypatch.setattr(CLOCK, "now", lambda: now() - HOUR_US)
        await house.ends(tasks)

    assert len(vendor.got) == 12


async def test_who_waits_for_a_route_of_their_own_costs_nothing_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher, vendor = house.dispatchers[SMS], house.vendors[SMS]
    own = Policy(routes={SMS: Route.parse("other")})
    dispatcher.exchange.use(Route.parse("vendor"), {"vendor": vendor, "other": vendor})
    policies: dict[TenantId, Policy] = {}
    monkeypatch.setattr(house.tenants, "policy", lambda tenant: policies.get(tenant, own))
    (account,) = dispatcher.exchange._find(own.routes[SMS]).accounts.values()
    closed = BreakerPolicy(failures=1, rest=timedelta(hours=1))
    account.breaker = replace(Breaker(closed).after_failure(int(CLOCK.elapsed() * 1e6)))
    turns, look = 0, dispatcher._stranded

    def counted() -> list[Task]:
        nonlocal turns
        turns += 1
        return look()

    monkeypatch.setattr(dispatcher, "_stranded", counted)

    async with house.at_work():
        tasks = await house.plan("+43660000001", "+43660000002", channel=SMS, lane=Lane.CRITICAL)
        await house.until(lambda: dispatcher.ready.has_stranded)
        dispatcher.look_again()  # somebody's rules have changed
        await asyncio.sleep(0.3)
        assert turns < 50
        assert dispatcher.ready.has_stranded
        account.breaker = Breaker()
        dispatcher.look_again()
        await house.ends(tasks)
