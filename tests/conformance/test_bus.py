"""The contract of the Bus port, run over every adapter on its real server."""

import asyncio
import statistics
import time
from collections.abc import Sequence

import pytest

from sendwell.ports.bus import Arrived, Parcel
from tests.conformance.bus_house import SOON, Broker, Inbox, by_key, parcels
from tests.conformance.buses import CASES, on_servers

BODIES = {
    "empty": b"",
    "no text": bytes(range(256)),
    "large": b"\x00\xff" * 450_000,
}


async def test_what_is_published_arrives(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = parcels(20, keys=3)

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, sent)
        await inbox.has(sent)

    assert {(each.id, each.key, each.body) for each in sent} == {
        (each.id, each.key, each.body) for each in inbox.arrived
    }
    assert {stream} == {each.stream for each in inbox.arrived}
    assert all(each.place for each in inbox.arrived)


async def test_what_was_done_with_does_not_come_again(broker: Broker) -> None:
    bus, first, second = broker.bus(), Inbox(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    before, after = parcels(20, name="before"), parcels(20, name="after")
    async with broker.member(bus, [stream], first):
        await bus.publish(stream, before)
        await first.has(before)
        await broker.is_done(bus, stream)

    async with broker.member(bus, [stream], second):
        await bus.publish(stream, after)
        await second.has(after)

    assert [each.id for each in after] == [each.id for each in second.arrived]


async def test_no_two_parcels_have_the_same_place_whoever_is_handed_them(broker: Broker) -> None:
    places: list[str] = []

    for name in ("before", "after"):
        bus, inbox = broker.bus(), Inbox()
        (stream,) = await broker.declared(bus, "parcels")
        async with broker.member(bus, [stream], inbox):
            await bus.publish(stream, sent := parcels(3, name=name))
            await inbox.has(sent)
            await broker.is_done(bus, stream)
        places += [each.place for each in inbox.arrived]

    assert 6 == len(places) == len(set(places))


async def test_a_parcel_that_was_refused_comes_again_from_its_place(broker: Broker) -> None:
    bus, refused, inbox = broker.bus(), Inbox(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = [*parcels(3), Parcel("same", "key-0", b"same"), Parcel("same", "key-0", b"same")]
    await bus.publish(stream, sent)

    async def refuse_once(batch: Sequence[Arrived]) -> None:
        if len(refused.arrived) < len(sent):
            await refused(batch)
            raise RuntimeError("not now")
        await inbox(batch)

    async with broker.member(bus, [stream], refuse_once):
        await inbox.until(lambda: len(inbox.arrived) >= len(sent))

    assert len({each.place for each in refused.arrived}) == len(sent)
    assert {each.place for each in refused.arrived} == {each.place for each in inbox.arrived}


async def test_parcels_of_one_key_arrive_in_order(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = parcels(600, keys=7)

    async with broker.member(bus, [stream], inbox, most=50):
        for start in range(0, 600, 20):
            await bus.publish(stream, sent[start : start + 20])
        await inbox.has(sent)

    assert by_key(sent) == by_key(inbox.arrived)


async def test_a_batch_is_never_larger_than_asked_for(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = parcels(100)
    await bus.publish(stream, sent)

    async with broker.member(bus, [stream], inbox, most=7):
        await inbox.has(sent)

    assert max(inbox.sizes) <= 7


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_everything_about_a_parcel_arrives_as_it_was(broker: Broker, body: bytes) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    headers = {"traceparent": "00-0af7-b7ad-01", "content-type": "a/b", "name": "Ünï ✓", "no": ""}
    sent = Parcel("01JD/ü", "tenant ☃", body, headers)

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, [sent])
        await inbox.has([sent])

    came = inbox.arrived[0]
    assert sent == Parcel(came.id, came.key, came.body, dict(came.headers))
    assert came.tries == 0


async def test_a_parcel_without_a_key_arrives(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = [Parcel(f"{n}", "", b"body") for n in range(5)]

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, sent)
        await inbox.has(sent)

    assert {""} == {each.key for each in inbox.arrived}


@pytest.mark.parametrize(
    "broker", on_servers(case for case in CASES if case.sends_bare), indirect=True
)
async def test_what_strangers_publish_arrives_with_empty_fields(broker: Broker) -> None:
    assert broker.case.sends_bare
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")

    async with broker.member(bus, [stream], inbox):
        await broker.case.sends_bare(broker.server, stream, b'{"from": "a stranger"}')
        await inbox.until(lambda: len(inbox.arrived) == 1)

    came = inbox.arrived[0]
    assert ("", "", b'{"from": "a stranger"}', {}) == (
        came.id,
        came.key,
        came.body,
        dict(came.headers),
    )


async def test_publishing_nothing_is_nothing(broker: Broker) -> None:
    bus = broker.bus()
    (stream,) = await broker.declared(bus, "parcels")

    await bus.publish(stream, [])

    assert await bus.lag([stream], group=broker.group()) == 0


async def test_each_group_gets_everything(broker: Broker) -> None:
    bus, mine, theirs = broker.bus(), Inbox(), Inbox()
    (stream,) = await broker.declared(bus, "parcels", group="mine")
    await broker.declared(bus, "parcels", group="theirs")
    sent = parcels(30, keys=5)
    await bus.publish(stream, sent)

    async with (
        broker.member(bus, [stream], mine, group="mine"),
        broker.member(bus, [stream], theirs, group="theirs"),
    ):
        await mine.has(sent)
        await theirs.has(sent)

    assert len(mine.ids) == len(theirs.ids) == 30


async def test_members_of_one_group_share_and_hold_no_parcel_at_the_same_time(
    broker: Broker,
) -> None:
    one, two = broker.bus(), broker.bus()
    (stream,) = await broker.declared(one, "parcels")
    first, second, both = Inbox(), Inbox(), Inbox()
    held: set[str] = set()
    held_twice: set[str] = set()
    sent: list[Parcel] = []

    async def hold(batch: Sequence[Arrived], inbox: Inbox) -> None:
        ids = {each.id for each in batch}
        held_twice.update(ids & held)
        held.update(ids)
        await one.ping()  # takes long enough for the other to get hold of them as well
        held.difference_update(ids)
        await inbox(batch)
        await both(batch)

    async with (
        broker.member(one, [stream], lambda batch: hold(batch, first), most=5),
        broker.member(two, [stream], lambda batch: hold(batch, second), most=5),
    ):
        async with asyncio.timeout(SOON):
            while not (first.arrived and second.arrived):
                sent += parcels(24, keys=24, name=f"parcel-{len(sent)}")
                await one.publish(stream, sent[-24:])
        await both.has(sent)

    assert held_twice == set()


async def test_one_call_reads_several_streams(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    streams = await broker.declared(bus, "requested", "status", "dead")
    sent = parcels(3)

    async with broker.member(bus, streams, inbox):
        for stream, parcel in zip(streams, sent, strict=True):
            await bus.publish(stream, [parcel])
        await inbox.has(sent)

    assert set(zip([each.id for each in sent], streams, strict=True)) == {
        (each.id, each.stream) for each in inbox.arrived
    }


async def test_what_comes_after_declaring_waits_for_the_group(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = parcels(10)
    await bus.publish(stream, sent)
    await broker.declared(bus, "parcels")

    async with broker.member(broker.bus(), [stream], inbox):
        await inbox.has(sent)

    assert [each.id for each in sent] == inbox.ids


async def test_who_reads_before_anybody_declared_gets_what_comes(broker: Broker) -> None:
    bus, inbox, other = broker.bus(), Inbox(), Inbox()
    stream, empty = broker.stream("parcels"), broker.stream("empty")
    sent = parcels(10)

    async with (
        broker.member(bus, [stream, empty], inbox),
        broker.member(bus, [empty], other, group="others"),
    ):
        await bus.declare([stream, empty], group=broker.group())
        await bus.publish(stream, sent)
        await inbox.has(sent)

    assert other.arrived == []


async def test_lag_counts_what_the_group_has_not_done_with(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    mine, other = await broker.declared(bus, "mine", "other")
    group = broker.group()
    await bus.publish(mine, parcels(30, keys=5))
    await bus.publish(other, parcels(4))

    before = await bus.lag([mine], group=group), await bus.lag([mine, other], group=group)
    async with broker.member(bus, [mine], inbox):
        await broker.is_done(bus, mine)

    assert before == (30, 34)
    assert len(inbox.ids) == 30
    assert await bus.lag([mine, other], group=group) == 4


async def test_who_reads_a_stream_for_the_group_is_counted(broker: Broker) -> None:
    bus, inbox, group = broker.bus(), Inbox(), broker.group()
    mine, other = await broker.declared(bus, "mine", "other")
    await bus.publish(mine, sent := parcels(3))

    before = await bus.members(mine, group=group)
    async with broker.member(bus, [mine], inbox):
        await inbox.has(sent)
        meanwhile = [await broker.bus().members(each, group=group) for each in (mine, other)]

    assert (before, meanwhile) == (0, [1, 0])


async def test_a_group_has_begun_where_it_has_done_with_something_and_nowhere_else(
    broker: Broker,
) -> None:
    bus, inbox, group = broker.bus(), Inbox(), broker.group()
    (mine,) = await broker.declared(bus, "mine")
    (others,) = await broker.declared(bus, "others", group="somebody")
    unknown = broker.stream("unknown")
    for stream in (mine, others):
        await bus.publish(stream, parcels(3))
    async with broker.member(bus, [mine], inbox):
        await broker.is_done(bus, mine)

    found = await broker.bus().begun([mine, others, unknown], group=group)

    assert found == [mine]


async def test_ping_says_what_answers(broker: Broker) -> None:
    bus = broker.bus()

    said = await bus.ping()

    assert broker.case.server in said.lower()


async def test_closing_publishes_what_was_handed_in_and_may_be_done_twice(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = parcels(50, keys=5)

    publishing = asyncio.create_task(bus.publish(stream, sent))
    await asyncio.sleep(0)  # it has been handed in
    await bus.close()
    await bus.close()
    await publishing

    async with broker.member(broker.bus(), [stream], inbox):
        await inbox.has(sent)
    assert set(inbox.ids) == {each.id for each in sent}


async def test_a_single_parcel_arrives_in_less_than_100_milliseconds(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    warm, *timed = parcels(21)
    taken = []

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, [warm])
        await inbox.has([warm])
        for parcel in timed:
            start = time.monotonic()
            await bus.publish(stream, [parcel])
            await inbox.has([parcel])
            taken.append(time.monotonic() - start)

    quickest, *_ = statistics.quantiles(taken, n=4)
    assert quickest < 0.1


async def test_10_000_parcels_pass_in_seconds(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    warm, *sent = parcels(10_001, keys=100)

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, [warm])
        await inbox.has([warm])
        start = time.monotonic()
        for n in range(0, 10_000, 2_500):
            batches = [sent[k : k + 500] for k in range(n, n + 2_500, 500)]
            await asyncio.gather(*(bus.publish(stream, batch) for batch in batches))
        await inbox.has(sent)
        taken = time.monotonic() - start

    assert taken < 30
