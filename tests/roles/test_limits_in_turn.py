"""Under a limit of many, organizations and lanes take turns as they do without one."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.roles.delivery.limits import Rates
from tests.roles.delivery_house import EMAIL, House, a_house

ONE_A_ROUND = Rate.parse("1000/s burst 1")
TWELVE_AT_ONCE = Rate.parse("1/h burst 12")
TWO_AT_ONCE = Rate.parse("1/h burst 2")
TEST = TenantId("acme.test")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def leave(house: House, whose: str, count: int, *, lane: Lane = Lane.MEDIUM) -> None:
    """An organization's deliveries, to addresses that begin with its name."""
    addresses = (f"{whose}-{number}@example.org" for number in range(count))
    await house.leave(*addresses, tenant=TenantId(whose), lane=lane)


async def first(house: House, count: int) -> list[str]:
    """The addresses that the vendor got first."""
    got = house.vendors[EMAIL].got
    await house.delivery.recover()
    async with house.at_work():
        await house.until(lambda: len(got) >= count)
    return got[:count]


def of_each(addresses: list[str]) -> dict[str, int]:
    return Counter(address.partition("-")[0] for address in addresses)


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param(Rates(everything=ONE_A_ROUND), id="global"),
        pytest.param(Rates(channel={EMAIL: ONE_A_ROUND}), id="channel"),
        pytest.param(Rates(provider={"vendor": ONE_A_ROUND}), id="provider"),
        pytest.param(Rates(channel={EMAIL: TWELVE_AT_ONCE}), id="at once"),
    ],
)
async def test_organizations_take_turns_under_a_limit_of_all(house: House, rates: Rates) -> None:
    house.limits.use(rates)
    for whose in ("acme", "beta", "ceta", "deta"):
        await leave(house, whose, 40)

    got = await first(house, 12)

    assert of_each(got) == {"acme": 3, "beta": 3, "ceta": 3, "deta": 3}


async def test_a_flood_above_starves_no_lane_under_a_limit(house: House) -> None:
    house.limits.use(Rates(everything=ONE_A_ROUND))
    await leave(house, "flood", 100, lane=Lane.HIGH)
    await leave(house, "below", 10, lane=Lane.LOW)

    got = await first(house, 24)

    assert of_each(got) == {"flood": 23, "below": 1}


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param(Rates(everything=TWO_AT_ONCE), id="global"),
        pytest.param(Rates(channel={EMAIL: TWO_AT_ONCE}), id="channel"),
        pytest.param(Rates(lane={Lane.MEDIUM: TWO_AT_ONCE}), id="lane"),
    ],
)
async def test_a_test_environment_neither_uses_up_limits_of_all_nor_waits_for_them(
    house: House, rates: Rates
) -> None:
    house.limits.use(rates)
    await leave(house, TEST, 4)
    await leave(house, "acme", 4)

    got = await first(house, 6)

    assert of_each(got) == {TEST: 4, "acme": 2}


async def test_what_finds_no_seat_stays_behind_what_a_limit_holds_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an organization has a route of its own, others' free seats are none of its."""
    own = Policy(routes={EMAIL: Route.parse("other")})
    monkeypatch.setattr(house.tenants, "policy", lambda _: own)
    house.limits.use(Rates(provider={"other": ONE_A_ROUND}))
    exchange, vendor = house.dispatchers[EMAIL].exchange, house.vendors[EMAIL]
    exchange.use(Route.parse("vendor"), {"vendor": vendor, "other": vendor})
    exchange._find(own.routes[EMAIL]).accounts["other"].seats = 2
    await leave(house, "acme", 4)

    got = await first(house, 4)

    assert got == [f"acme-{number}@example.org" for number in range(4)]


async def test_while_the_house_is_full_others_take_the_seats_outside(house: House) -> None:
    account, in_house = house.dispatchers[EMAIL].exchange.accounts
    account.seats, account.in_flight, in_house.seats = 2, 1, 0
    await leave(house, TEST, 3)
    await leave(house, "beta", 3)

    got = await first(house, 3)

    assert of_each(got) == {"beta": 3}
