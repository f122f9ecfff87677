"""What the bus on Kafka promises beyond its port, on one broker."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from confluent_kafka import ConsumerGroupState, KafkaError, Producer
from confluent_kafka.admin import AdminClient

from sendwell.adapters.bus.kafka import KafkaBus
from sendwell.adapters.bus.kafka.member import Member
from sendwell.adapters.bus.kafka.url import KafkaUrl
from sendwell.ports.bus import Arrived, Parcel
from tests.conformance.bus_house import SOON, Broker, Inbox, parcels, publish_at_last
from tests.conformance.bus_kafka import CASES, client
from tests.services.kafka import Kafka
from tests.services.needs import needs

pytestmark = [*needs("kafka")]


@pytest.fixture
async def broker(kafka_server: Kafka) -> AsyncIterator[Broker]:
    """Topics with a single partition: all of it goes to one member or to none."""
    kafka_server.start()
    (case,) = CASES
    async with case.opens(kafka_server):
        there = Broker(case, kafka_server, lambda: KafkaBus(f"{kafka_server.url}?partitions=1"))
        yield there
        await there.close()


class Slow(Inbox):
    """A `receive` that holds on to a batch from that many partitions until it may return."""

    def __init__(self, partitions: int) -> None:
        super().__init__()
        self.may_return = asyncio.Event()
        self.held: set[str] = set()
        self._partitions = partitions

    async def __call__(self, batch: Sequence[Arrived]) -> None:
        if len({each.place.split("@")[0] for each in batch}) == self._partitions:
            self.held.update(each.id for each in batch)
            await self.may_return.wait()
        await super().__call__(batch)


async def test_who_receives_for_longer_than_kafka_waits_for_a_poll_stays_in_the_group(
    broker: Broker,
) -> None:
    bus, slow, other = broker.bus(), Slow(partitions=1), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    impatient = {"max.poll.interval.ms": 6_000, "session.timeout.ms": 6_000}
    settings = {**KafkaUrl.parse(broker.server.url).client(), **impatient}
    member = Member(settings, [stream], group=broker.group(), receive=slow, most=500)
    work = asyncio.create_task(member.work())
    await bus.publish(stream, parcels(3))
    await until(lambda: bool(slow.held))

    async with broker.member(broker.bus(), [stream], other):
        await gets_nothing(other, seconds=8)
        slow.may_return.set()
        await broker.is_done(bus, stream)

    assert (3, 0) == (len(slow.arrived), len(other.arrived))
    work.cancel()
    await asyncio.wait([work])


async def test_a_batch_that_is_out_is_finished_before_its_partition_goes_to_another_member(
    broker: Broker,
) -> None:
    bus = KafkaBus(f"{broker.server.url}?partitions=2")
    slow, inbox = Slow(partitions=2), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent: list[Parcel] = []

    async def publish_until(is_enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not is_enough():
                sent.extend(parcels(40, keys=20, name=f"parcel-{len(sent)}"))
                await bus.publish(stream, sent[-40:])
                await asyncio.sleep(0.05)

    async with broker.member(bus, [stream], slow):
        await publish_until(lambda: bool(slow.held))
        async with broker.member(broker.bus(), [stream], inbox):
            await has_members(broker, 2)
            await gets_nothing(inbox, seconds=3)
            slow.may_return.set()
            await publish_until(lambda: bool(inbox.arrived))
            await broker.is_done(bus, stream)

    assert not slow.held & set(inbox.ids)
    assert {each.id for each in sent} == {*slow.ids, *inbox.ids}
    await bus.close()


async def test_a_producer_that_is_broken_for_good_is_replaced(broker: Broker) -> None:
    bus, inbox = KafkaBus(broker.server.url), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    before, after = parcels(3, name="before"), parcels(3, name="after")
    await bus.publish(stream, before)
    publisher = bus._publisher
    assert publisher is not None
    broken = publisher._producer

    publisher.notice(KafkaError(KafkaError._FATAL, "told to be", fatal=True))
    await until(lambda: publisher._producer is not broken)
    await publish_at_last(bus, stream, after)

    async with broker.member(bus, [stream], inbox):
        await inbox.has([*before, *after])
    await bus.close()


async def test_what_is_no_text_in_a_strangers_key_and_headers_stops_nobody(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    producer = Producer(client(broker.server))
    producer.produce(stream.name, None, b"\xff", headers=[("a", b"\xfe"), ("b", None), ("c", "c")])
    assert producer.flush() == 0

    async with broker.member(bus, [stream], inbox):
        await inbox.until(lambda: bool(inbox.arrived))

    came = inbox.arrived[0]
    assert ("\ufffd", b"", {"a": "\ufffd", "b": "", "c": "c"}) == (
        came.key,
        came.body,
        came.headers,
    )


async def test_nothing_is_left_running_after_a_bus_is_closed(broker: Broker) -> None:
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")

    async with broker.member(bus, [stream], inbox):
        await bus.publish(stream, parcels(1))
        await inbox.has(parcels(1))
    await bus.close()

    assert not [each.name for each in threading.enumerate() if each.name.startswith("kafka")]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not is_so():
            await asyncio.sleep(0.02)


async def gets_nothing(inbox: Inbox, *, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await inbox.until(lambda: bool(inbox.arrived))


async def has_members(broker: Broker, count: int) -> None:
    """Wait until the group has agreed on who reads what."""
    admin = AdminClient(client(broker.server))
    async with asyncio.timeout(SOON):
        while True:
            (asked,) = admin.describe_consumer_groups([broker.group()]).values()
            group = await asyncio.wrap_future(asked)
            if len(group.members) == count and group.state == ConsumerGroupState.STABLE:
                return
            await asyncio.sleep(0.02)
