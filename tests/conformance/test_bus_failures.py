"""The contract of the Bus port where something goes wrong, run over every adapter."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from sendwell.domain.errors import Invalid, Unavailable
from sendwell.ports.bus import Arrived, Bus, Parcel, Stream
from tests.conformance.bus_house import PATIENCE, Broker, Inbox, parcels, publish_at_last


class Refusing(Inbox):
    """A `receive` that raises `times` times for a batch with a parcel of one stream in it."""

    def __init__(self, stream: Stream, times: int) -> None:
        super().__init__()
        self.refused: list[tuple[float, list[Arrived]]] = []
        self._stream = stream
        self._times = times

    async def __call__(self, batch: Sequence[Arrived]) -> None:
        ours = [each for each in batch if each.stream == self._stream]
        if ours and len(self.refused) < self._times:
            self.refused.append((time.monotonic(), ours))
            self._news.set()
            raise RuntimeError("the database is away")
        await super().__call__(batch)


class Holding(Inbox):
    """A `receive` that never returns."""

    async def __call__(self, batch: Sequence[Arrived]) -> None:
        await super().__call__(batch)
        await asyncio.Event().wait()


async def test_what_was_refused_comes_again_after_pauses_that_grow(broker: Broker) -> None:
    bus = broker.bus()
    (stream,) = await broker.declared(bus, "parcels")
    inbox = Refusing(stream, times=7)
    sent = parcels(3)

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, sent)
        await inbox.has(sent)

    times = [when for when, _ in inbox.refused]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    early, late = pauses[:3], pauses[3:]
    assert 2 * min(early) < statistics.median(late)  # whatever is busy makes some of them longer
    assert [each.id for each in sent] == inbox.ids


async def test_a_parcel_says_how_often_it_was_handed_out_before(broker: Broker) -> None:
    bus = broker.bus()
    (stream,) = await broker.declared(bus, "parcels")
    inbox = Refusing(stream, times=2)
    sent = parcels(1)

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, sent)
        await inbox.has(sent)

    tries = [each.tries for _, batch in inbox.refused for each in batch]
    assert [0, 1] == tries
    assert inbox.arrived[0].tries == 2


async def test_a_refused_stream_does_not_hold_up_the_others(broker: Broker) -> None:
    bus = broker.bus()
    bad, good = await broker.declared(bus, "bad", "good")
    inbox = Refusing(bad, times=1_000)
    sent = parcels(50, name="good")

    async with broker.member(bus, [bad, good], inbox):
        await bus.publish(bad, parcels(3, name="bad"))
        await inbox.until(lambda: len(inbox.refused) > 1)
        await bus.publish(good, sent)
        await inbox.has(sent)

    assert {good} == {each.stream for each in inbox.arrived}
    assert await bus.lag([bad], group=broker.group()) == 3


async def test_a_refused_batch_does_not_hold_up_other_members(broker: Broker) -> None:
    bus = broker.bus()
    (stream,) = await broker.declared(bus, "parcels", group="ill")
    await broker.declared(bus, "parcels", group="well")
    ill, well = Refusing(stream, times=1_000), Inbox()
    sent = parcels(50, keys=5)

    async with (
        broker.member(bus, [stream], ill, group="ill"),
        broker.member(bus, [stream], well, group="well"),
    ):
        await bus.publish(stream, sent[:10])
        await ill.until(lambda: bool(ill.refused))
        await bus.publish(stream, sent[10:])
        await well.has(sent)

    assert ill.arrived == []


async def test_who_is_cancelled_while_receiving_gives_the_parcels_back(broker: Broker) -> None:
    one, two = broker.bus(), broker.bus()
    (stream,) = await broker.declared(one, "parcels")
    holding, inbox = Holding(), Inbox()
    sent = parcels(5)
    async with broker.member(one, [stream], holding):
        await one.publish(stream, sent)
        await holding.until(lambda: bool(holding.arrived))

    async with broker.member(two, [stream], inbox):
        await inbox.has(sent)

    assert [each.id for each in sent] == inbox.ids


async def test_another_member_that_waits_already_takes_over_from_the_cancelled(
    broker: Broker,
) -> None:
    one, two = broker.bus(), broker.bus()
    (stream,) = await broker.declared(one, "parcels")
    holding, inbox = Holding(), Inbox()
    sent = parcels(40, keys=20)

    async with AsyncExitStack() as waiting:
        async with broker.member(one, [stream], holding):
            await one.publish(stream, sent[:20])
            await holding.until(lambda: bool(holding.arrived))
            await waiting.enter_async_context(broker.member(two, [stream], inbox))
        await one.publish(stream, sent[20:])
        await inbox.has(sent)

    assert {each.id for each in sent} == set(inbox.ids)


async def test_what_is_too_large_is_invalid_and_harms_nobody(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    before, after = parcels(5, name="before"), parcels(5, name="after")
    huge = Parcel("huge", "key", bytes(broker.case.too_large_bytes))

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, before)
        with pytest.raises(Invalid):
            await bus.publish(stream, [huge])
        await bus.publish(stream, after)
        await inbox.has([*before, *after])

    assert "huge" not in inbox.ids


async def test_a_bus_without_its_broker_says_so_soon_and_recovers(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    before, during, after = (parcels(50, keys=5, name=name) for name in ("a", "b", "c"))

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, before)
        await inbox.until(lambda: bool(inbox.arrived))
        await asyncio.to_thread(broker.server.kill)
        try:
            await gives_up(bus, stream, during)
        finally:
            await asyncio.to_thread(broker.server.start)
        await publish_at_last(bus, stream, [*during, *after])
        await inbox.has([*before, *during, *after])
        await broker.is_done(bus, stream)
    assert set(inbox.ids) == {each.id for each in (*before, *during, *after)}


async def gives_up(bus: Bus, stream: Stream, sent: Sequence[Parcel]) -> None:
    """All of it says that the broker is away, and says it in time."""
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(
            bus.publish(stream, sent), bus.ping(), return_exceptions=True
        )
    assert [Unavailable, Unavailable] == [type(answer) for answer in answers]
