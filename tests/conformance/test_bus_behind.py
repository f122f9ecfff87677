"""What waits for a member of its own, and whether its consumer is silent, over every bus."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sendwell.ports.bus import Arrived, Bus, Parcel, Receive, Stream, is_part
from sendwell.runtime.consumer import Consumer
from tests.conformance.bus_house import SOON, Broker, Inbox, parcels

LOOKS_EVERY = timedelta(milliseconds=200)


async def is_so(bus: Bus, stream: Stream, group: str, *, waits: bool) -> dict[str, str]:
    """What is behind, once there is something or nothing."""
    async with asyncio.timeout(SOON):
        while bool(found := await bus.behind([stream], group=group)) is not waits:
            await asyncio.sleep(0.05)
    return dict(found)


def whole(found: Collection[str]) -> set[str]:
    """The streams among them, without their parts."""
    return {name for name in found if not is_part(name)}


class Worker:
    """A `receive` that takes everything, until it is told not to come back any more."""

    def __init__(self, is_stuck: asyncio.Event) -> None:
        self.count = 0
        self._is_stuck = is_stuck

    async def __call__(self, batch: Sequence[Arrived]) -> None:
        self.count += len(batch)
        if self._is_stuck.is_set():
            await asyncio.Event().wait()


@asynccontextmanager
async def consumer(
    broker: Broker, bus: Bus, streams: Sequence[Stream], receive: Receive
) -> AsyncIterator[Consumer]:
    made = Consumer(bus, streams, group=broker.group(), receive=receive, looks_every=LOOKS_EVERY)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_nothing_is_behind_where_all_is_done(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent = parcels(30, keys=5)

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, sent)
        await inbox.has(sent)
        found = await is_so(bus, stream, broker.group(), waits=False)

    assert {} == found


async def test_what_nobody_reads_is_behind_for_whoever_asks(broker: Broker) -> None:
    bus = broker.bus()
    stream, empty = await broker.declared(bus, "parcels", "empty")

    await bus.publish(stream, parcels(30, keys=5))

    found = await bus.behind([stream, empty], group=broker.group())
    assert whole(found) == {stream.name}
    assert found == await bus.behind([stream, empty], group=broker.group())


async def test_a_mark_changes_with_each_batch_that_is_done(broker: Broker) -> None:
    bus, inbox, permits = broker.bus(), Inbox(), asyncio.Semaphore(0)
    (stream,) = await broker.declared(bus, "parcels")
    await bus.publish(stream, parcels(20))

    async def receive(batch: Sequence[Arrived]) -> None:
        await inbox(batch)
        await permits.acquire()

    async with broker.member(bus, [stream], receive, most=1):
        await inbox.until(lambda: len(inbox.sizes) == 1)
        before = await is_so(bus, stream, broker.group(), waits=True)
        permits.release()
        async with asyncio.timeout(SOON):
            while (after := await bus.behind([stream], group=broker.group())) == before:
                await asyncio.sleep(0.05)
        for _ in range(20):
            permits.release()
        found = await is_so(bus, stream, broker.group(), waits=False)

    assert whole(before) == whole(after) == {stream.name}
    assert {} == found


async def test_a_member_with_nothing_to_do_is_not_silent_beside_one_that_is_stuck(
    broker: Broker,
) -> None:
    buses, is_stuck = (broker.bus(), broker.bus()), asyncio.Event()
    (stream,) = await broker.declared(buses[0], "parcels")
    workers = Worker(is_stuck), Worker(is_stuck)

    async with (
        consumer(broker, buses[0], [stream], workers[0]) as one,
        consumer(broker, buses[1], [stream], workers[1]) as other,
    ):
        async with asyncio.timeout(SOON):
            while not all(worker.count for worker in workers):
                await buses[0].publish(stream, parcels(40, keys=40))
                await asyncio.sleep(0.1)
        await broker.is_done(buses[0], stream)
        is_stuck.set()
        await buses[0].publish(stream, [Parcel("last", "key", b"for one of them")])
        looks = 0
        async with asyncio.timeout(SOON):  # a group that is dealt out anew begins anew, too
            while looks < 4:
                await asyncio.sleep(LOOKS_EVERY.total_seconds())
                looks = looks + 1 if one.is_silent is not other.is_silent else 0

        assert one.is_silent is not other.is_silent


async def test_a_stream_that_stands_still_beside_a_busy_one_is_silent(broker: Broker) -> None:
    bus = broker.bus()
    critical, low = await broker.declared(bus, "critical", "low")

    async def receive(batch: Sequence[Arrived]) -> None:
        if any(each.stream == critical for each in batch):
            raise ValueError("It is refused each time.")

    async with consumer(broker, bus, [critical, low], receive) as made:
        await bus.publish(critical, parcels(3))
        async with asyncio.timeout(SOON):
            while not made.is_silent:
                await bus.publish(low, parcels(20, keys=20))
                await asyncio.sleep(0.05)

    assert made.is_silent
