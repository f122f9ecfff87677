"""Replays where channels are tried in turn: one success is enough, so nobody is told twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sendwell.domain.outcome import Blame, Fault, Refused
from sendwell.messages.requested import To
from sendwell.messages.task import Task
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.tables import AUDIT
from sendwell.roles.delivery.letters import DeadLetters, Narrowed, ReplayedMany
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.tables import OUTCOME
from tests.roles.delivery_house import ACME, CLOCK, EMAIL, SMS, House, a_house, a_task

REFUSED = Refused(Fault("550", "Not here.", Blame.CONTENT))
SOMEBODY = Caller(ACME, "somebody")
EVERYTHING = Narrowed()
ADA = To(email="ada@example.org", phone="+436641234567")
EVE = To(email="eve@example.org", phone="+436641234568")
in_turn = pytest.mark.parametrize(
    "wanted",
    [{"channels": ()}, {"channels": (EMAIL, SMS), "is_fallback": True}],
    ids=["no channels", "fallback"],
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.with_planner()
        yield house


def refuse(house: House, *addresses: str | None) -> None:
    for vendor in house.vendors.values():
        vendor.answers.update({address: REFUSED for address in addresses if address})


def take_all(house: House) -> None:
    """From now on nothing is refused, and only what goes out now counts."""
    for vendor in house.vendors.values():
        vendor.answers.clear()
        vendor.got.clear()


def told(house: House) -> list[str]:
    """To which addresses something has gone out, or was to."""
    return sorted(address for vendor in house.vendors.values() for address in vendor.got)


async def ended(house: House, *parts: str) -> dict[str, str]:
    """How all deliveries have ended that have, once these are among them."""
    async with asyncio.timeout(30):
        while not {*parts} <= (ends := await ends_of(house)).keys():
            await asyncio.sleep(0.005)
    return ends


async def ends_of(house: House) -> dict[str, str]:
    rows = await house.database.rows(select(OUTCOME.c.part, OUTCOME.c.status))
    return {row.part: row.status for row in rows}


async def replay_all(house: House, narrowed: Narrowed = EVERYTHING) -> ReplayedMany:
    return await house.letters.replay_all(SOMEBODY, narrowed, CLOCK.now(), rate_per_second=10_000)


@in_turn
async def test_whom_nothing_has_reached_is_told_by_one_channel_when_all_are_replayed(
    house: House, wanted: dict[str, Any]
) -> None:
    refuse(house, ADA.email, ADA.phone)

    async with house.at_work():
        await house.plan("", to=(ADA,), **wanted)
        await ended(house, "0.email", "0.sms")
        take_all(house)
        done = await replay_all(house)
        ends = await ended(house, "0.email.r1")

    assert (done.replayed, done.passed_over) == (1, 1)
    assert {"0.email": "DEAD", "0.sms": "DEAD", "0.email.r1": "SENT"} == ends
    assert ["ada@example.org"] == told(house)
    assert [] == await house.open()


@in_turn
async def test_whom_another_channel_has_reached_is_told_nothing_more_when_all_are_replayed(
    house: House, wanted: dict[str, Any]
) -> None:
    refuse(house, ADA.email)

    async with house.at_work():
        await house.plan("", to=(ADA,), **wanted)
        await ended(house, "0.email", "0.sms")
        take_all(house)
        done = await replay_all(house, Narrowed(channel="email"))

    assert (done.replayed, done.passed_over) == (0, 1)
    assert [] == told(house)
    assert [] == await house.open()


async def test_whom_another_channel_is_about_to_reach_is_told_nothing_more(house: House) -> None:
    refuse(house, ADA.email)
    house.vendors[SMS].is_free.clear()

    async with house.at_work():
        await house.plan("", to=(ADA,), channels=())
        await house.until(lambda: bool(house.vendors[SMS].got))
        done = await replay_all(house)
        house.vendors[SMS].is_free.set()
        ends = await ended(house, "0.sms")

    assert (done.replayed, done.passed_over) == (0, 1)
    assert {"0.email": "DEAD", "0.sms": "SENT"} == ends


async def test_of_several_recipients_those_are_told_whom_nothing_has_reached(house: House) -> None:
    refuse(house, ADA.email, EVE.email, EVE.phone)

    async with house.at_work():
        first = a_task("", to=(ADA, EVE), channels=())
        await plan(house, first, Task(first.request, "1.email", 1, EMAIL, CLOCK.now()))
        await ended(house, "0.sms", "1.sms")
        take_all(house)
        done = await replay_all(house)
        await ended(house, "1.email.r1")

    assert (done.replayed, done.passed_over) == (1, 2)
    assert ["eve@example.org"] == told(house)


async def test_where_the_replay_dies_as_well_the_next_one_is_by_another_channel(
    house: House,
) -> None:
    refuse(house, ADA.email, ADA.phone)

    async with house.at_work():
        await house.plan("", to=(ADA,), channels=())
        await ended(house, "0.email", "0.sms")
        await replay_all(house)
        await ended(house, "0.email.r1")
        take_all(house)
        await replay_all(house)
        ends = await ended(house, "0.sms.r1")
        done = await replay_all(house)

    assert ("DEAD", "SENT") == (ends["0.email.r1"], ends["0.sms.r1"])
    assert (done.replayed, done.passed_over) == (0, 1)


async def test_where_all_channels_were_asked_for_all_that_have_failed_are_replayed(
    house: House,
) -> None:
    refuse(house, ADA.email, ADA.phone)

    async with house.at_work():
        first = a_task("", to=(ADA,), channels=(EMAIL, SMS))
        await plan(house, first, Task(first.request, "0.sms", 0, SMS, CLOCK.now()))
        await ended(house, "0.email", "0.sms")
        take_all(house)
        done = await replay_all(house)
        await ended(house, "0.email.r1", "0.sms.r1")

    assert (done.replayed, done.passed_over) == (2, 0)


async def test_one_is_replayed_by_its_id_and_said_to_come_beside_what_has_reached_the_recipient(
    house: House,
) -> None:
    refuse(house, ADA.email)

    async with house.at_work():
        await house.plan("", to=(ADA,), channels=())
        await ended(house, "0.email", "0.sms")
        take_all(house)
        (letter,) = await house.database.rows(select(DEAD_LETTER))
        before = await house.letters.reached_by(ACME, [letter])
        replayed = await house.letters.replay(SOMEBODY, letter.id, CLOCK.now())
        await ended(house, "0.email.r1")

    (deed,) = await house.database.rows(select(AUDIT.c.details))
    page = await house.letters.page(ACME, EVERYTHING, before=None, limit=10)
    assert {letter.id: ["0.sms"]} == before
    assert ("0.email.r1", ["0.sms"]) == (replayed.part, replayed.reached_by)
    assert '{"reached_by":"0.sms"}' == deed.details.replace(" ", "")
    assert {} == await house.letters.reached_by(ACME, page)


async def test_where_all_channels_were_asked_for_nothing_is_said_of_the_others(
    house: House,
) -> None:
    refuse(house, ADA.email)

    async with house.at_work():
        first = a_task("", to=(ADA,), channels=(EMAIL, SMS))
        await plan(house, first, Task(first.request, "0.sms", 0, SMS, CLOCK.now()))
        await ended(house, "0.email", "0.sms")
        (letter,) = await house.database.rows(select(DEAD_LETTER))
        replayed = await house.letters.replay(SOMEBODY, letter.id, CLOCK.now())

    assert ("0.email.r1", ()) == (replayed.part, replayed.reached_by)


def far_from_delivery(house: House) -> DeadLetters:
    """Its dead letters where tasks go by a bus, and that is away: nobody takes a replay."""
    return DeadLetters(
        house.database,
        house.journal,
        flow=Flow(house.database, CLOCK),
        audit=house.tenants,
        channels=house.vendors,
        work=house.store,
    )


async def test_whom_a_replay_may_reach_that_nobody_has_taken_yet_is_told_nothing_more(
    house: House,
) -> None:
    refuse(house, ADA.email, ADA.phone)
    async with house.at_work():
        await house.plan("", to=(ADA,), channels=())
        await ended(house, "0.email", "0.sms")
    house.letters = far_from_delivery(house)

    first, second = await replay_all(house), await replay_all(house)

    by_sms, by_email = await house.letters.page(ACME, EVERYTHING, before=None, limit=10)
    assert ((1, 1), (0, 1)) == (first, second)
    assert ("0.email.r1", None) == (by_email.replayed_as, by_sms.replayed_as)
    assert {by_sms.id: ["0.email.r1"]} == await house.letters.reached_by(ACME, [by_sms])


async def test_one_channel_is_taken_also_where_the_letters_of_a_recipient_are_far_apart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendwell.roles.delivery.letters._CHUNK", 1)
    refuse(house, ADA.email, ADA.phone)
    async with house.at_work():
        await house.plan("", to=(ADA,), channels=())
        await ended(house, "0.email", "0.sms")
    house.letters = far_from_delivery(house)

    assert (1, 1) == await replay_all(house)


async def plan(house: House, *tasks: Task) -> None:
    """These are planned, deliveries of one notification."""
    await house.database.commit(house.journal.copied([tasks[0].request]))
    await house.flow.run(tasks)
