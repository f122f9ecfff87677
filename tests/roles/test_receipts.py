"""Receipts on the embedded database, with the journal as everybody uses it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.errors import Unavailable
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State
from sendwell.domain.suppression import Source
from sendwell.messages.receipt import Said
from sendwell.messages.status import Status
from sendwell.roles.receipts.look import PATIENCE, SECOND, SHORT_PATIENCE
from sendwell.roles.receipts.store import ReceiptStore
from tests.roles.moody_database import MoodyDatabase
from tests.roles.receipt_house import (
    ADDRESS,
    OTHER,
    PART,
    SAMPLE,
    SENDGRID,
    SOON,
    TWILIO,
    House,
    ListeningFlow,
    a_delivery,
    a_receipt,
    said_at,
)

STOPPED = {"said": Said.FAILED, "is_address_gone": True, "said_by": Source.STOP_WORD}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = SqliteDatabase(tmp_path / "sendwell.db")
    yield House(database)
    await database.close()


async def test_a_receipt_moves_its_delivery(house: House) -> None:
    sent = a_delivery()
    await house.send(sent)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent)])

    assert await house.state(sent) == State.DELIVERED
    assert await house.moves(sent) == [State.DELIVERED]


async def test_a_receipt_without_our_key_finds_its_delivery_by_the_providers_id(
    house: House,
) -> None:
    sent = a_delivery()
    await house.send(sent)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent, key=None)])

    assert await house.state(sent) == State.DELIVERED


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (Said.DELIVERED, State.DELIVERED),
        (Said.BOUNCED, State.BOUNCED),
        (Said.FAILED, State.BOUNCED),
        (Said.COMPLAINED, State.COMPLAINED),
        (Said.DEFERRED, State.SENT),
        (Said.OPENED, State.SENT),
        (Said.CLICKED, State.SENT),
        (Said.UNSUBSCRIBED, State.SENT),
    ],
)
async def test_every_kind_of_receipt_is_on_record_and_some_move(
    said: Said, state: State, house: House
) -> None:
    sent = a_delivery()
    await house.send(sent)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent, said, code="30003")])

    (record,) = await house.recorded()
    assert await house.state(sent) == state
    assert (record.tenant, record.position, record.part) == (SAMPLE, sent.position, PART)
    assert (record.said, record.code) == (said, "30003")
    assert record.state == (None if state is State.SENT else state)


@given(
    told=st.lists(
        st.sampled_from([Said.DELIVERED, Said.BOUNCED, Said.OPENED]), min_size=1, max_size=6
    ),
    manner=st.sampled_from(["in one call", "at once", "one after the other"]),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_order_and_repetition_ends_in_the_same_state_with_each_move_once(
    told: list[Said], manner: str, house: House
) -> None:
    sent = a_delivery()
    await house.send(sent)
    # The same event has the same id and time, however often it is told.
    events = {said: a_receipt(sent, said, at=said_at(said)) for said in Said}

    async with house.receipts() as receipts:
        match manner:
            case "in one call":
                await receipts.take(TWILIO, [events[said] for said in told])
            case "at once":
                await asyncio.gather(*(receipts.take(TWILIO, [events[said]]) for said in told))
            case _:
                for said in told:
                    await receipts.take(TWILIO, [events[said]])

    moves = await house.moves(sent)
    assert await house.state(sent) == best_state(told)
    assert len(moves) == len(set(moves))
    assert await house.state(sent) == (moves[-1] if moves else State.SENT)


def best_state(told: Collection[Said]) -> State:
    if Said.BOUNCED in told:
        return State.BOUNCED
    return State.DELIVERED if Said.DELIVERED in told else State.SENT


async def test_a_receipt_that_comes_before_its_delivery_is_settled_by_its_commit(
    house: House,
) -> None:
    sent = a_delivery()
    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent), a_receipt(sent, Said.BOUNCED)])
        assert len(await house.waiting()) == 2

        await house.send(sent)

        await house.until_state(sent, State.BOUNCED)
        await house.until_nothing_waits()
    assert await house.moves(sent) == [State.DELIVERED, State.BOUNCED]


async def test_a_delivery_that_is_committed_while_it_is_sought_is_found(house: House) -> None:
    sent = a_delivery()
    house.deliveries.overtake = lambda: house.send(sent)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent)])

        await house.until_state(sent, State.DELIVERED)

    assert await house.moves(sent) == [State.DELIVERED]


async def test_what_waits_survives_a_restart(house: House) -> None:
    sent = a_delivery()
    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent)])
    house.flow = ListeningFlow(house.database, house.clock)
    house.flow.listen(Status, house._keep)
    await house.send(sent)
    house.clock.at += 2 * SECOND

    async with house.receipts():
        await house.until_state(sent, State.DELIVERED)

    assert await house.moves(sent) == [State.DELIVERED]


@pytest.mark.parametrize(
    ("changes", "patience"),
    [({"said": Said.COMPLAINED}, PATIENCE), ({}, SHORT_PATIENCE), ({"key": None}, SHORT_PATIENCE)],
)
async def test_a_receipt_that_nothing_is_found_for_ends_as_an_orphan(
    changes: dict[str, Any], patience: int, house: House
) -> None:
    unknown = a_delivery()
    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(unknown, **changes)])
        (waiting,) = await house.waiting()
    house.clock.at += patience

    async with house.receipts():
        await house.until_nothing_waits()

    (record,) = await house.recorded()
    assert waiting.due - waiting.taken_at == SECOND
    assert (record.tenant, record.position, record.state) == (None, None, None)


async def test_a_bounce_is_not_lost_while_the_bus_that_brings_its_delivery_is_away(
    house: House,
) -> None:
    sent = a_delivery()
    bounce = a_receipt(sent, Said.BOUNCED, is_address_gone=True)
    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [bounce])
    house.clock.at += 2 * SHORT_PATIENCE

    async with house.receipts():
        await house.until_looked_at_again()
        await house.send(sent)
        await house.until_state(sent, State.BOUNCED)
        await house.until_nothing_waits()

    assert [(SAMPLE, ChannelName("sms"), ADDRESS, "address_gone")] == house.suppressed.told


@pytest.mark.parametrize(("most", "left"), [(6, 6), (5, 0)])
async def test_where_another_installation_sends_by_the_account_only_so_many_wait_long(
    most: int, left: int, house: House
) -> None:
    """Its keys look like ours, and no delivery is ever found for them."""
    theirs = [a_receipt(a_delivery(), Said.COMPLAINED) for _ in range(6)]
    own = a_delivery()
    async with house.receipts(most_waiting_long=most) as receipts:
        await receipts.take(SENDGRID, theirs)
    house.clock.at += 2 * SHORT_PATIENCE

    async with house.receipts(most_waiting_long=most) as receipts:
        await receipts.take(SENDGRID, [a_receipt(own, Said.COMPLAINED)])
        await house.until_looked_at_again()
        waiting = len(await house.waiting())
        await house.send(own)
        await house.until_state(own, State.COMPLAINED)

    assert (left + 1, left) == (waiting, len(await house.waiting()))


async def test_what_waits_and_was_settled_elsewhere_meanwhile_waits_no_longer(
    house: House,
) -> None:
    sent = a_delivery()
    receipt = a_receipt(sent)
    async with house.receipts() as slow, house.receipts() as fast:

        async def overtake() -> None:
            await house.send(sent)
            await fast.take(TWILIO, [receipt])

        house.deliveries.overtake = overtake
        await slow.take(TWILIO, [receipt])
    house.clock.at += 2 * SECOND

    async with house.receipts():
        await house.until_nothing_waits()

    assert [receipt.event_id] == [row.event_id for row in await house.recorded()]
    assert [State.DELIVERED] == await house.moves(sent)


@pytest.mark.parametrize("key", ["foreign", "foreign.key", "1.email.x.y", ".0.sms", ""])
async def test_a_receipt_that_names_no_delivery_is_an_orphan_at_once(
    key: str, house: House
) -> None:
    receipt = a_receipt(a_delivery(), key=key, reference=None)

    async with house.receipts() as receipts:
        await receipts.take(SENDGRID, [receipt])

    (record,) = await house.recorded()
    assert (record.event_id, record.position) == (receipt.event_id, None)


async def test_an_event_is_on_record_once_however_often_it_is_told(house: House) -> None:
    sent, unknown = a_delivery(), a_delivery()
    await house.send(sent)
    receipt, waiting = a_receipt(sent), a_receipt(unknown)

    async with house.receipts() as receipts:
        for _ in range(3):
            await receipts.take(TWILIO, [receipt, waiting, receipt, waiting])

    assert [row.event_id for row in await house.recorded()] == [receipt.event_id]
    assert [row.event_id for row in await house.waiting()] == [waiting.event_id]


async def test_two_processes_that_are_told_the_same_make_each_move_once(house: House) -> None:
    sent = a_delivery()
    await house.send(sent)
    events = [a_receipt(sent), a_receipt(sent), a_receipt(sent, Said.BOUNCED)]

    async with house.receipts() as one, house.receipts() as other:
        await asyncio.gather(
            *(role.take(TWILIO, [event]) for event in events for role in (one, other))
        )

    moves = await house.moves(sent)
    assert len(moves) == len(set(moves))
    assert len(await house.recorded()) == 3


async def test_an_account_of_one_tenant_has_no_say_over_anothers_delivery(house: House) -> None:
    sent = a_delivery(tenant=OTHER)
    await house.send(sent)
    complaint = a_receipt(sent, Said.COMPLAINED)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [complaint], tenant=SAMPLE)

    assert await house.state(sent) == State.SENT
    assert house.suppressed.told == []


@pytest.mark.parametrize(
    ("receipt", "reason", "source"),
    [
        ({"said": Said.BOUNCED, "is_address_gone": True}, "address_gone", Source.BOUNCE),
        ({"said": Said.FAILED, "is_address_gone": True}, "address_gone", Source.BOUNCE),
        (STOPPED, "stop_word", Source.STOP_WORD),
        ({"said": Said.COMPLAINED}, "complained", Source.COMPLAINT),
        ({"said": Said.UNSUBSCRIBED}, "unsubscribed", Source.UNSUBSCRIBE),
        ({"said": Said.BOUNCED}, None, None),
        ({"said": Said.OPENED}, None, None),
    ],
)
async def test_an_address_that_must_not_be_sent_to_is_suppressed(
    receipt: dict[str, Any], reason: str | None, source: Source | None, house: House
) -> None:
    sent = a_delivery()
    await house.send(sent)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent, **receipt)])

    expected = [(SAMPLE, ChannelName("sms"), ADDRESS, reason)] if reason else []
    assert house.suppressed.told == expected
    assert house.suppressed.sources == ([source] if source else [])


async def test_what_waits_knows_which_address_it_is_about(house: House) -> None:
    sent = a_delivery()
    mark = mark_of(ChannelName("sms"), ADDRESS)

    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(sent, Said.COMPLAINED, address=mark)])
        (waiting,) = await house.waiting()
        (look,) = await ReceiptStore(house.database).load([waiting.number])

    assert look.sought.address == mark
    assert ADDRESS.encode() not in waiting.receipt


async def test_a_receipt_counts_only_once_its_address_is_suppressed(house: House) -> None:
    sent = a_delivery()
    await house.send(sent)
    complaint = a_receipt(sent, Said.COMPLAINED)
    async with house.receipts() as receipts:
        house.suppressed.is_down = True
        with pytest.raises(Unavailable):
            await receipts.take(TWILIO, [complaint])
        assert await house.recorded() == []

        house.suppressed.is_down = False
        await receipts.take(TWILIO, [complaint])

    assert await house.state(sent) == State.COMPLAINED
    assert len(house.suppressed.told) == 1


async def test_one_call_that_fails_fails_alone(house: House) -> None:
    sent, other = a_delivery(), a_delivery()
    await house.send(sent)
    await house.send(other)
    house.suppressed.is_down = True

    async with house.receipts() as receipts:
        delivered, complained = await asyncio.gather(
            receipts.take(TWILIO, [a_receipt(sent)]),
            receipts.take(TWILIO, [a_receipt(other, Said.COMPLAINED)]),
            return_exceptions=True,
        )

    assert delivered is None
    assert isinstance(complained, Unavailable)
    assert await house.state(sent) == State.DELIVERED


async def test_after_stopping_nothing_more_is_taken(house: House) -> None:
    async with house.receipts() as receipts:
        receipts.stop()

        with pytest.raises(Unavailable):
            await receipts.take(TWILIO, [a_receipt(a_delivery())])


async def test_what_waits_is_found_although_the_first_look_for_it_fails(tmp_path: Path) -> None:
    database = MoodyDatabase(tmp_path / "sendwell.db")
    house, unknown = House(database), a_delivery()
    async with house.receipts() as receipts:
        await receipts.take(TWILIO, [a_receipt(unknown)])
    house.clock.at += PATIENCE
    database.silences = 1

    async with house.receipts():
        async with asyncio.timeout(SOON):
            while database.silences:
                await asyncio.sleep(0)
        await house.until_nothing_waits()
        left = await house.waiting()

    await database.close()
    assert (database.silences, len(left)) == (0, 0)


async def test_whoever_waits_is_answered_also_by_a_second_run(house: House) -> None:
    """It was ended in the middle of the first one, and is run again."""
    sent, is_asked = a_delivery(), asyncio.Event()
    await house.send(sent)

    async def stay_away() -> None:
        is_asked.set()
        await asyncio.Event().wait()

    house.deliveries.overtake = stay_away
    receipts = house.a_role()
    first = asyncio.create_task(receipts.run())
    telling = asyncio.create_task(receipts.take(TWILIO, [a_receipt(sent)]))
    await is_asked.wait()
    first.cancel()
    await asyncio.wait([first])

    second = asyncio.create_task(receipts.run())
    async with asyncio.timeout(SOON):
        await telling
    receipts.stop()
    await second

    assert await house.state(sent) == State.DELIVERED
