"""Urgent deliveries do not wait beside a channel that is down, where another one is left."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.outcome import Deferred, Fault
from sendwell.messages.requested import To
from sendwell.messages.task import Task
from sendwell.roles.delivery.exchange import Account
from sendwell.roles.delivery.seating import Seated
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.runtime.journal.tables import HISTORY, OUTCOME
from tests.roles.delivery_house import CLOCK, EMAIL, SMS, House, a_house, a_task

REST = timedelta(milliseconds=300)
BOTH = (To(phone="+436641234567", email="ada@example.org"),)
IN_TURN: dict[str, Any] = {
    "channel": SMS,
    "lane": Lane.CRITICAL,
    "to": BOTH,
    "channels": (SMS, EMAIL),
    "is_fallback": True,
}
DOWN = Deferred(Fault("http.503", "It is down."))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.with_planner()
        yield house


def account_of(house: House, channel: ChannelName) -> Account:
    return house.dispatchers[channel].exchange.accounts[0]


def go_down(house: House, channel: ChannelName, *, rest: timedelta = timedelta(hours=1)) -> None:
    policy = BreakerPolicy(failures=1, rest=rest)
    now = int(CLOCK.elapsed() * 1e6)
    account_of(house, channel).breaker = Breaker(policy).after_failure(now)


async def ends_of(house: House, task: Task) -> dict[str, tuple[str, str | None, int]]:
    """How the deliveries of its notification have ended: state, code and attempts."""
    position = task.request.position
    rows = await house.database.rows(select(OUTCOME).where(OUTCOME.c.position == position))
    return {row.part: (row.status, row.code, row.attempt) for row in rows}


async def all_ended(house: House, tasks: Sequence[Task]) -> None:
    """Until everything they led to has."""
    await house.ends(tasks)
    async with asyncio.timeout(10):
        while await house.open():
            pass


async def test_an_urgent_one_goes_to_the_next_channel_and_the_record_says_why(
    house: House,
) -> None:
    go_down(house, SMS)

    async with house.at_work():
        (task,) = await house.plan("ada", **IN_TURN)
        await all_ended(house, [task])

    assert [] == house.vendors[SMS].got
    assert {
        "0.sms": ("DEAD", "channel_down", 0),
        "0.email": ("SENT", None, 1),
    } == await ends_of(house, task)
    assert ["FAILED", "DEAD"] == await house.moves(task)
    (letter,) = await house.database.rows(select(DEAD_LETTER))
    assert ("0.sms", "provider_outage") == (letter.part, letter.cause)


@pytest.mark.parametrize("lane", [Lane.CRITICAL, Lane.HIGH])
async def test_where_nobody_asked_for_a_channel_the_next_one_is_that_of_the_preferences(
    house: House, lane: Lane
) -> None:
    go_down(house, EMAIL)

    async with house.at_work():
        wanted = {**IN_TURN, "channel": EMAIL, "lane": lane, "channels": (), "is_fallback": False}
        (task,) = await house.plan("ada", **wanted)
        await all_ended(house, [task])

    assert ["+436641234567"] == house.vendors[SMS].got


@pytest.mark.parametrize(
    "changes",
    [
        {"lane": Lane.MEDIUM},
        {"channels": (EMAIL, SMS)},
        {"channels": (SMS,), "is_fallback": False},
        {"is_fallback": False},
        {"to": (To(phone="+436641234567"),)},
    ],
    ids=["not urgent", "the last one", "the only one", "all at once", "no address"],
)
async def test_who_has_nothing_else_waits_until_the_channel_is_back(
    house: House, changes: dict[str, Any]
) -> None:
    go_down(house, SMS, rest=REST)

    async with house.at_work():
        (waiting,) = await house.plan("ada", **{**IN_TURN, **changes})
        (going,) = await house.plan("eve", **IN_TURN)
        await all_ended(house, [going, waiting])

    assert ("SENT", None, 1) == (await ends_of(house, waiting))["0.sms"]
    assert ("DEAD", "channel_down", 0) == (await ends_of(house, going))["0.sms"]


async def test_a_replay_waits_for_the_channel_that_it_was_asked_for(house: House) -> None:
    go_down(house, SMS, rest=REST)
    first = a_task("ada", **IN_TURN)
    await house.database.commit(house.journal.copied([first.request]))
    replay = Task(first.request, "0.sms.r1", 0, SMS, planned_at=CLOCK.now(), replay_of="0.sms")

    async with house.at_work():
        await house.flow.run([replay])
        await house.ends([replay])

    assert {"0.sms.r1": ("SENT", None, 1)} == await ends_of(house, replay)


async def test_what_was_waiting_when_the_process_began_goes_to_the_next_channel(
    house: House,
) -> None:
    tasks = await house.leave("ada", "eve", **IN_TURN)
    go_down(house, SMS)
    await house.delivery.recover()

    async with house.at_work():
        await all_ended(house, tasks)

    assert 2 == len(house.vendors[EMAIL].got)


async def test_what_has_failed_goes_to_the_next_channel_instead_of_to_its_next_attempt(
    house: House,
) -> None:
    house.vendors[SMS].answers["+436641234567"] = DOWN
    account = account_of(house, SMS)
    account.breaker = Breaker(BreakerPolicy(failures=1))

    async with house.at_work():
        (task,) = await house.plan("ada", **IN_TURN)
        await all_ended(house, [task])

    assert 1 == len(house.vendors[SMS].got)
    ends = await ends_of(house, task)
    assert ("DEAD", "channel_down", 1) == ends["0.sms"]
    assert "SENT" == ends["0.email"][0]
    moves = await house.database.rows(select(HISTORY).order_by(HISTORY.c.number))
    assert [("FAILED", True), ("RETRYING", True), ("FAILED", False), ("DEAD", True)] == [
        (row.state, row.claimed_at > 0) for row in moves
    ]


async def test_the_channel_is_probed_and_goes_on_as_soon_as_it_answers(house: House) -> None:
    go_down(house, SMS, rest=REST)
    vendor, account = house.vendors[SMS], account_of(house, SMS)
    vendor.is_free.clear()

    async with house.at_work():
        waiting = await house.plan("ada", "eve", "bob", channel=SMS, lane=Lane.CRITICAL)
        long = BreakerPolicy(failures=1, rest=timedelta(hours=1))
        account.breaker = replace(account.breaker, policy=long)  # while the probe is out
        await house.until(lambda: len(vendor.got) == 1)
        vendor.is_free.set()
        await house.ends(waiting)

    assert ["ada", "bob", "eve"] == sorted(vendor.got)


async def test_who_has_nothing_else_is_looked_at_once_while_the_channel_is_down(
    house: House,
) -> None:
    go_down(house, SMS)
    looked: list[Sequence[Task]] = []
    dispatcher = house.dispatchers[SMS]
    look = dispatcher._seating.pass_on

    async def counted(tasks: Sequence[Task], now: int) -> Seated:
        looked.append(tasks)
        return await look(tasks, now)

    dispatcher._seating.pass_on = counted  # type: ignore[method-assign]

    async with house.at_work():
        for name in ("ada", "eve", "bob"):
            await house.plan(name, **{**IN_TURN, "channels": (EMAIL, SMS)})
            await house.until(lambda: dispatcher.ready.has_stranded)
        await house.plan("joe", **IN_TURN)
        await house.until(lambda: bool(house.vendors[EMAIL].got))
        assert (3, 4) == (len(dispatcher.ready), sum(map(len, looked)))
