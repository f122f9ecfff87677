"""A person's order of channels changes while one of them is being tried."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.outcome import Blame, Fault, Refused
from sendwell.messages.requested import Requested, To
from sendwell.roles.users.store.people import Profile, Put
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.tables import OUTCOME
from tests.roles.delivery_house import ACME, EMAIL, SMS, House, a_house, a_task

ADA = UserId("ada")
ADDRESS, PHONE = "ada@example.org", "+436641234567"
REFUSED = Refused(Fault("401", "The key was revoked.", Blame.ACCOUNT))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.with_planner()
        yield house


async def prefers(house: House, *order: ChannelName) -> None:
    profile = Profile(addresses={EMAIL: ADDRESS, SMS: PHONE})
    await house.users.put_many(ACME, [Put(ADA, profile, Preferences(order=order))])


async def ask(house: House) -> Requested:
    """A notification to her that names no channel, planned."""
    request = a_task("", to=(To(user_id=ADA),)).request
    await house.database.commit(house.journal.copied([request]))
    await house.flow.run([request])
    return request


async def ends(house: House, request: Requested) -> dict[str, str]:
    """Of all its deliveries, once none is open."""
    async with asyncio.timeout(30):
        while await house.open():
            await asyncio.sleep(0.005)
    position = OUTCOME.c.position == request.position
    return {
        row.part: row.status for row in await house.database.rows(select(OUTCOME).where(position))
    }


async def test_a_channel_that_has_failed_is_not_tried_again(house: House) -> None:
    house.vendors[EMAIL].answers[ADDRESS] = house.vendors[SMS].answers[PHONE] = REFUSED
    house.vendors[SMS].is_free.clear()
    await prefers(house, EMAIL, SMS)

    async with house.at_work():
        request = await ask(house)
        await house.until(lambda: house.vendors[SMS].got == [PHONE])
        await prefers(house, SMS, EMAIL)
        house.vendors[SMS].is_free.set()
        found = await ends(house, request)

    planned, ended = await SqlRecords(house.database).counts(ACME)
    assert {"0.email": "DEAD", "0.sms": "DEAD"} == found
    assert [ADDRESS] == house.vendors[EMAIL].got
    assert (2, {"DEAD": 2}) == (planned, ended)


async def test_a_channel_that_was_not_tried_is_the_next_wherever_it_stands_now(
    house: House,
) -> None:
    house.vendors[EMAIL].answers[ADDRESS] = REFUSED
    house.vendors[EMAIL].is_free.clear()
    await prefers(house, EMAIL, SMS)

    async with house.at_work():
        request = await ask(house)
        await house.until(lambda: house.vendors[EMAIL].got == [ADDRESS])
        await prefers(house, SMS, EMAIL)
        house.vendors[EMAIL].is_free.set()
        found = await ends(house, request)

    assert {"0.email": "DEAD", "0.sms": "SENT"} == found
