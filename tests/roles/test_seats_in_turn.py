"""Where organizations have routes of their own, nobody waits for a seat that is none of theirs."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.messages.task import Task
from sendwell.roles.delivery.exchange import Account
from sendwell.roles.delivery.hold_ups import HoldUps
from tests.roles.delivery_house import EMAIL, House, a_house

OWN, USUAL = Policy(routes={EMAIL: Route.parse("other")}), Policy()
ROUNDS = 300


class LaterEachTime(SystemClock):
    """By the next question 20 ms have passed: a round lasts longer than a pause of a moment."""

    asked = 0

    def elapsed(self) -> float:
        self.asked += 1
        return self.asked * 0.02


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Whose name begins with `own` goes by the account `other`, and all others by the usual one."""
    async with a_house(tmp_path) as house:
        monkeypatch.setattr(
            house.tenants, "policy", lambda whose: OWN if whose.startswith("own") else USUAL
        )
        house.dispatchers[EMAIL]._seating.pauses = HoldUps(LaterEachTime())
        exchange, vendor = house.dispatchers[EMAIL].exchange, house.vendors[EMAIL]
        exchange.use(Route.parse("vendor"), {"vendor": vendor, "other": vendor})
        yield house


def accounts(house: House) -> tuple[Account, Account]:
    """The usual account, and the one of organizations with a route of their own."""
    exchange = house.dispatchers[EMAIL].exchange
    (usual,) = exchange._find(None).accounts.values()
    (other,) = exchange._find(OWN.routes[EMAIL]).accounts.values()
    return usual, other


async def leave(house: House, whose: str, count: int, *, lane: Lane = Lane.MEDIUM) -> None:
    addresses = (f"{whose}-{number}@example.org" for number in range(count))
    await house.leave(*addresses, tenant=TenantId(whose), lane=lane)


async def first(house: House, count: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Of whom the vendor got the first ones, within so many rounds."""
    dispatcher, got = house.dispatchers[EMAIL], house.vendors[EMAIL].got
    rounds, dispatch = 0, dispatcher._dispatch

    async def counted(tasks: Sequence[Task]) -> None:
        nonlocal rounds
        rounds += 1
        await dispatch(tasks)

    monkeypatch.setattr(dispatcher, "_dispatch", counted)
    await house.delivery.recover()
    async with house.at_work():
        await house.until(lambda: len(got) >= count or rounds >= ROUNDS)
    return Counter(address.partition("-")[0] for address in got[:count])


@pytest.mark.parametrize(
    "lanes",
    [
        pytest.param((Lane.MEDIUM, Lane.MEDIUM), id="in one lane"),
        pytest.param((Lane.HIGH, Lane.LOW), id="above"),
    ],
)
@pytest.mark.parametrize("is_other_full", [True, False])
async def test_who_finds_no_seat_holds_up_nobody_who_does(
    house: House, monkeypatch: pytest.MonkeyPatch, is_other_full: bool, lanes: tuple[Lane, Lane]
) -> None:
    usual, other = accounts(house)
    full, free = (other, usual) if is_other_full else (usual, other)
    stuck, going = ("own", "usual") if is_other_full else ("usual", "own")
    full.seats, full.in_flight, free.seats = 2, 2, 2
    for number in range(30):
        await leave(house, f"{stuck}{number}", 1, lane=lanes[0])
    await leave(house, going, 10, lane=lanes[1])

    got = await first(house, 10, monkeypatch)

    assert got == {going: 10}


async def test_organizations_take_turns_for_the_seats_of_one_account(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, other = accounts(house)
    other.seats = 2
    for whose in ("own1", "own2", "own3", "own4"):
        await leave(house, whose, 40)

    got = await first(house, 12, monkeypatch)

    assert got == {"own1": 3, "own2": 3, "own3": 3, "own4": 3}
