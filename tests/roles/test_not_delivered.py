"""Channels that nobody delivers by: nothing is planned on them, and what is left of them ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from sendwell.bootstrap import build_core, build_roles
from sendwell.domain.errors import Conflict, Invalid
from sendwell.domain.ids import ChannelName, Node
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Fault, Refused
from sendwell.messages.requested import To
from sendwell.ports.tenants import Caller
from sendwell.roles.delivery.letters import Narrowed
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.settings import read_settings
from tests.roles.delivery_house import ACME, CLOCK, EMAIL, EPOCH, IDS, SMS, House, a_house, a_task

PUSH = ChannelName("push")
REFUSED = Refused(Fault("5.7.1", "It looks like spam.", Blame.CONTENT))
SOMEBODY = Caller(ACME, "somebody")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.with_planner()
        yield house


async def causes(house: House) -> dict[str, str]:
    """Of all dead letters, by the delivery's part."""
    rows = await house.database.rows(select(DEAD_LETTER.c.part, DEAD_LETTER.c.cause))
    return {row.part: row.cause for row in rows}


async def test_what_a_provider_refuses_is_settled_where_such_a_channel_is_the_next(
    house: House,
) -> None:
    house.vendors[EMAIL].answers["ada@example.org"] = REFUSED
    to = (To(email="ada@example.org", token="a token", url="https://example.org"),)

    async with house.at_work():
        (task,) = await house.plan("ada@example.org", to=to)
        assert {"ada@example.org": "DEAD"} == await house.ends([task])

    assert {"0.email": "rejected_content"} == await causes(house)
    assert [] == await house.open()


async def test_a_task_for_such_a_channel_ends_with_the_reason(house: House) -> None:
    async with house.at_work():
        (task,) = await house.plan("token", channel=PUSH)
        await house.ends([task])

    assert {"0.push": "no_provider"} == await causes(house)
    assert [] == await house.open()


async def test_what_waits_for_its_time_on_such_a_channel_holds_up_no_other(house: House) -> None:
    due = CLOCK.now() + 100_000
    other, own = a_task("token", PUSH), a_task("ada@example.org")
    for number, task in enumerate((other, own)):
        task.work, task.state, task.due = IDS.position(), State.SCHEDULED, due + number
    await house.database.commit(
        [
            *house.journal.copied([other.request, own.request]),
            *house.store.put([other, own], epoch=EPOCH),
        ]
    )

    async with house.at_work():
        await house.ends([own, other])

    assert ["ada@example.org"] == house.vendors[EMAIL].got
    assert {"0.push": "no_provider"} == await causes(house)


@pytest.mark.parametrize("state", [State.PENDING, State.SCHEDULED, State.HELD])
async def test_what_another_process_has_left_on_such_a_channel_goes_on_by_the_next_one(
    house: House, state: State
) -> None:
    to = (To(token="token", email="ada@example.org"),)
    task = a_task("", PUSH, to=to, channels=(PUSH, EMAIL), is_fallback=True)
    task.work, task.state = IDS.position(), state
    task.due = 0 if state is State.PENDING else CLOCK.now()
    left = DeliveryStore(house.database, house.journal, node=Node(3))
    await house.database.commit(
        [*house.journal.copied([task.request]), *left.put([task], epoch=EPOCH)]
    )

    async with house.at_work():
        await house.delivery.adopt(Node(3))
        await house.until(lambda: bool(house.vendors[EMAIL].got))

    assert ["ada@example.org"] == house.vendors[EMAIL].got


@pytest.mark.parametrize("state", [State.PENDING, State.SCHEDULED])
async def test_what_another_process_has_left_on_such_a_channel_ends(
    house: House, state: State
) -> None:
    tasks = [a_task("token", PUSH), a_task("ada@example.org")]
    for task in tasks:
        task.work, task.state = IDS.position(), state
        task.due = CLOCK.now() if state is State.SCHEDULED else 0
    left = DeliveryStore(house.database, house.journal, node=Node(3))
    await house.database.commit(
        [*house.journal.copied([t.request for t in tasks]), *left.put(tasks, epoch=EPOCH)]
    )

    async with house.at_work():
        count = await house.delivery.adopt(Node(3))
        await house.ends(tasks)

    assert count == 2
    assert ["ada@example.org"] == house.vendors[EMAIL].got
    assert {"0.push": "no_provider"} == await causes(house)


async def test_a_dead_letter_of_such_a_channel_is_not_replayed_and_the_others_are(
    house: House,
) -> None:
    house.vendors[EMAIL].answers["nowhere"] = REFUSED
    async with house.at_work():
        tasks = [*await house.plan("nowhere"), *await house.plan("token", channel=PUSH)]
        await house.ends(tasks)
        (letter,) = await house.database.rows(
            select(DEAD_LETTER).where(DEAD_LETTER.c.channel == PUSH)
        )

        with pytest.raises(Conflict, match="Nobody delivers by the channel 'push'"):
            await house.letters.replay(SOMEBODY, letter.id, CLOCK.now())
        count, _ = await house.letters.replay_all(
            SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=1_000
        )

    rows = await house.database.rows(select(DEAD_LETTER).order_by(DEAD_LETTER.c.id))
    assert count == 1
    assert {("0.email", "0.email.r1"), ("0.push", None)} <= {(r.part, r.replayed_as) for r in rows}


async def test_what_cannot_be_planned_is_told_as_our_own_defect(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        orchestrator = house.with_planner()
        request = a_task("ada@example.org").request
        await house.database.commit(house.journal.copied([request]))

        await orchestrator.bury(request, ValueError("a defect"))

        assert {"0.none": "internal"} == await causes(house)


TO_THREE = tuple(To(email=f"{name}@example.org") for name in "abc")
ONE_BY_TWO = (To(email="ada@example.org", phone="+436641234567"),)


@pytest.mark.parametrize(
    ("to", "channels"), [(TO_THREE, (EMAIL,)), (ONE_BY_TWO, (EMAIL, SMS)), (TO_THREE, ())]
)
async def test_what_was_to_be_several_deliveries_and_is_not_planned_is_not_replayed_as_one(
    tmp_path: Path, to: tuple[To, ...], channels: tuple[ChannelName, ...]
) -> None:
    async with a_house(tmp_path) as house:
        orchestrator = house.with_planner()
        request = a_task("", to=to, channels=channels).request
        await house.database.commit(house.journal.copied([request]))
        await orchestrator.bury(request, ValueError("a defect"))
        (letter,) = await house.database.rows(select(DEAD_LETTER))

        with pytest.raises(Conflict, match="never planned: send the notification anew"):
            await house.letters.replay(SOMEBODY, letter.id, CLOCK.now())
        count, _ = await house.letters.replay_all(
            SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=1_000
        )

    assert ("0.none", "internal", 0) == (letter.part, letter.cause, count)


async def test_what_was_to_be_one_delivery_and_is_not_planned_can_be_replayed(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path) as house:
        orchestrator = house.with_planner()
        request = a_task("ada@example.org", channels=(EMAIL,)).request
        await house.database.commit(house.journal.copied([request]))
        await orchestrator.bury(request, ValueError("a defect"))
        (letter,) = await house.database.rows(select(DEAD_LETTER))

        replayed = await house.letters.replay(SOMEBODY, letter.id, CLOCK.now())

    assert "0.email.r1" == replayed.part


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DBAPIError("SELECT body", {"user": "u-7"}, OSError("10.1.2.3")), "DBAPIError"),
        (KeyError("u-7"), "KeyError"),
        (Invalid("Nobody writes it."), "Nobody writes it"),
    ],
)
async def test_of_a_defect_only_its_kind_is_told_unless_the_words_are_ours(
    tmp_path: Path, error: Exception, told: str
) -> None:
    async with a_house(tmp_path) as house:
        orchestrator = house.with_planner()
        request = a_task("ada@example.org").request
        await house.database.commit(house.journal.copied([request]))

        await orchestrator.bury(request, error)

        (letter,) = await house.database.rows(select(DEAD_LETTER.c.text))
        assert letter.text == f"It could not be planned: {told}."


async def test_what_a_dead_process_had_in_hand_on_such_a_channel_ends_as_unknown(
    tmp_path: Path,
) -> None:
    few = read_settings({"CHANNEL_ENABLE_LIST": "email", "ROUTE_EMAIL": "mailbox"})
    core = await build_core(replace(few, data=tmp_path))
    roles = await build_roles(core)
    task = a_task("+436641234567", SMS)
    task.work, task.state, task.attempt, task.claimed_at = IDS.position(), State.PROCESSING, 1, 1
    left = DeliveryStore(core.database, core.journal, node=Node(3))
    await core.database.commit([*core.journal.copied([task.request]), *left.put([task], epoch=1)])

    await roles.delivery.adopt(Node(3))

    try:
        async with asyncio.timeout(30):
            while not (letters := await core.database.rows(select(DEAD_LETTER))):
                await asyncio.sleep(0.01)
    finally:
        await core.process.stop()
    assert [("0.sms", "unknown_outcome")] == [(each.part, each.cause) for each in letters]
