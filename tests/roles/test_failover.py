"""What one account has refused goes to the other one, also where that rests for a moment."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.lane import Lane
from sendwell.domain.limits import Rate
from sendwell.domain.outcome import Blame, Deferred, Fault, Outcome, Refused
from sendwell.domain.routing import Route
from sendwell.messages.requested import To
from sendwell.roles.delivery.exchange import Account
from sendwell.roles.delivery.limits import Rates
from tests.roles.delivery_house import CLOCK, EMAIL, SMS, House, Vendor, a_house

REVOKED = Refused(Fault("http_401", "The key was revoked.", Blame.ACCOUNT))
ADA = "ada@example.org"


class Accounts:
    """Two of them, the second stands in for the first."""

    def __init__(self, house: House, answers: dict[str, Outcome]) -> None:
        self.exchange = house.dispatchers[EMAIL].exchange
        self.first, self.second = Vendor(), Vendor()
        self.first.answers = answers
        known: dict[str, Any] = {"first": self.first, "second": self.second}
        self.exchange.use(Route.parse("first,second"), known)

    def account(self, name: str) -> Account:
        return next(account for account in self.exchange.accounts if account.name == name)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def test_what_was_refused_waits_its_turn_where_the_other_account_is_over_its_rate(
    house: House,
) -> None:
    addresses = [f"a{number}@example.org" for number in range(60)]
    accounts = Accounts(house, dict.fromkeys(addresses, REVOKED))
    house.dispatchers[EMAIL]._seating._limits.use(Rates(provider={"second": Rate.parse("20/s")}))

    async with house.at_work():
        tasks = await house.plan(*addresses)
        ends = await house.ends(tasks)

    assert {"SENT"} == set(ends.values())
    assert set(addresses) == set(accounts.second.got)
    assert {1} == set(Counter(accounts.first.got).values())


async def test_what_was_refused_waits_for_the_other_account_that_is_spared(house: House) -> None:
    accounts = Accounts(house, {ADA: REVOKED})
    rest = BreakerPolicy(failures=1)
    now = int(CLOCK.elapsed() * 1e6)
    accounts.account("second").breaker = Breaker(rest).after_failure(now)

    async with house.at_work():
        (task,) = await house.plan(ADA)
        await house.until(lambda: bool(len(house.timers)))

    assert ["RETRYING"] == await house.open()
    (work,) = await house.store.of(task.request.tenant, task.request.position)
    assert 50e6 < work.due - CLOCK.now() <= 60e6
    assert ("first",) == work.tried


@pytest.mark.parametrize(
    ("is_fallback", "ends"), [(True, {"DEAD", "SENT"}), (False, set())], ids=["another", "none"]
)
async def test_an_urgent_one_that_has_another_channel_does_not_wait_for_the_account(
    house: House, *, is_fallback: bool, ends: set[str]
) -> None:
    house.with_planner()
    accounts = Accounts(house, {ADA: REVOKED})
    now = int(CLOCK.elapsed() * 1e6)
    accounts.account("second").breaker = Breaker(BreakerPolicy(failures=1)).after_failure(now)
    both = (To(phone="+436641234567", email=ADA),)
    channels = (EMAIL, SMS) if is_fallback else (EMAIL,)

    async with house.at_work():
        wanted: dict[str, Any] = {"to": both, "channels": channels, "is_fallback": is_fallback}
        (task,) = await house.plan(ADA, lane=Lane.CRITICAL, **wanted)
        await house.until(lambda: bool(house.vendors[SMS].got if is_fallback else house.timers))

    rows = await house.journal.ended_parts([task.request.position])
    assert len(ends) == len(rows)
    assert ([] if is_fallback else ["RETRYING"]) == await house.open()


async def test_what_waits_for_the_other_account_holds_up_nobody_else(house: House) -> None:
    refused = [f"a{number}@example.org" for number in range(3)]
    accounts = Accounts(house, dict.fromkeys(refused, REVOKED))
    busy = accounts.account("second")
    busy.in_flight = busy.seats

    async with house.at_work():
        waiting = await house.plan(*refused)
        await house.until(lambda: len(house.dispatchers[EMAIL].ready) == len(refused))
        going = await house.plan(*(f"b{number}@example.org" for number in range(100)))
        await house.ends(going)
        assert [] == accounts.second.got
        busy.in_flight = 0
        await house.ends([*waiting, *going])

    assert sorted(refused) == sorted(accounts.second.got)
    assert {1} == set(Counter(accounts.first.got).values())


async def test_an_account_that_asked_for_time_is_not_asked_by_the_next_attempt(
    house: House,
) -> None:
    slow_down = Deferred(Fault("http.throttled", "It answered 429."), timedelta(seconds=120))
    accounts = Accounts(house, {ADA: slow_down})
    accounts.second.answers[ADA] = Deferred(Fault("smtp.451", "Greylisted."))

    async with house.at_work():
        (task,) = await house.plan(ADA)
        await house.until(lambda: len(accounts.second.got) == 1)
        del accounts.second.answers[ADA]
        ends = await house.ends([task])

    assert {ADA: "SENT"} == ends
    assert ([ADA], [ADA, ADA]) == (accounts.first.got, accounts.second.got)
