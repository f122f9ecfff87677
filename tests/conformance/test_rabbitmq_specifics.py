"""What RabbitMQ alone has: exchanges, returned messages, queues and messages of strangers."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import aio_pika
import aiormq
import pytest
from aiormq.abc import ChannelFrame, FrameType
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader
from structlog.testing import capture_logs

from sendwell.adapters.bus.rabbitmq import RabbitBus
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.ports.bus import Arrived, Parcel, Receive, Routing, Stream
from tests.conformance.bus_house import SOON, Inbox, parcels
from tests.services.needs import needs

pytestmark = [*needs("rabbitmq")]

EMAIL = Stream(
    "email", exchange="notifications.direct", routing=Routing.DIRECT, queue="email.queue"
)
STATUS = Stream("notification.status")


@pytest.fixture
async def bus(rabbitmq_url: str) -> AsyncIterator[RabbitBus]:
    made = RabbitBus(rabbitmq_url)
    yield made
    await made.close()


@pytest.fixture
async def stranger(rabbitmq_url: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    """A client that knows nothing of us."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection, connection.channel() as channel:
        yield channel


@asynccontextmanager
async def reading(bus: RabbitBus, receive: Receive, *, most: int = 500) -> AsyncIterator[None]:
    """A member reads what comes to EMAIL for as long as the block lasts."""
    work = bus.consume([EMAIL], group="workers", receive=receive, most=most)
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def read(bus: RabbitBus, count: int) -> list[Arrived]:
    """What has come to EMAIL as soon as there are so many, in order."""
    inbox = Inbox()
    async with reading(bus, inbox):
        await inbox.until(lambda: len(inbox.arrived) >= count)
    return inbox.arrived


async def test_a_stream_with_a_queue_has_it_without_any_group(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await bus.declare([EMAIL])

    await bus.publish(EMAIL, [Parcel("id-1", "acme", b"{}", {"lane": "high"})])

    message = await (await stranger.get_queue("email.queue")).get(timeout=SOON)
    assert ("id-1", b"{}") == (message.message_id, message.body)
    headers = {name: message.headers[name] for name in ("lane", "partition-key")}
    assert {"lane": "high", "partition-key": "acme"} == headers
    assert aio_pika.DeliveryMode.PERSISTENT == message.delivery_mode


async def test_queues_are_replicated_and_outlast_the_broker(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await bus.declare([STATUS], group="tracker")

    # Declaring it otherwise than it is would be refused.
    queue = await stranger.declare_queue(
        "tracker.notification.status",
        durable=True,
        arguments={"x-queue-type": "quorum", "x-delivery-limit": 1_000_000},
    )
    exchange = await stranger.declare_exchange(
        "sendwell", aio_pika.ExchangeType.TOPIC, durable=True
    )

    assert queue.declaration_result.message_count == 0
    assert exchange.name == "sendwell"


async def test_what_no_queue_would_take_is_refused_until_a_group_reads_it(bus: RabbitBus) -> None:
    await bus.declare([STATUS])
    sent = parcels(20)

    with pytest.raises(Unavailable, match=r"no queue for notification\.status.*declare a group"):
        await bus.publish(STATUS, sent)
    await bus.declare([STATUS], group="tracker")
    await bus.publish(STATUS, sent)

    assert await bus.lag([STATUS], group="tracker") == 20


async def test_what_comes_back_is_never_taken_for_another_stream_s(bus: RabbitBus) -> None:
    await bus.declare([STATUS])
    await bus.declare([EMAIL])

    for _ in range(20):  # the same ids, at the same time
        stored, returned = await asyncio.gather(
            bus.publish(EMAIL, parcels(5)),
            bus.publish(STATUS, parcels(5)),
            return_exceptions=True,
        )

        assert stored is None
        assert isinstance(returned, Unavailable)


async def test_a_queue_that_somebody_deletes_is_made_again(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await bus.declare([EMAIL])
    await bus.publish(EMAIL, parcels(1))
    await stranger.queue_delete("email.queue")

    with pytest.raises(Unavailable):
        await bus.publish(EMAIL, parcels(3))
    await bus.publish(EMAIL, parcels(3))

    assert await bus.lag([EMAIL], group="") == 3


async def test_who_reads_a_queue_that_somebody_deletes_reads_the_new_one(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    inbox = Inbox()
    await bus.declare([EMAIL])
    await bus.publish(EMAIL, parcels(1, name="before"))

    async with reading(bus, inbox):
        await inbox.has(parcels(1, name="before"))
        await stranger.queue_delete("email.queue")
        async with asyncio.timeout(SOON):
            while not await is_published(bus, parcels(3, name="after")):
                await asyncio.sleep(0.05)
        await inbox.has(parcels(3, name="after"))

    assert await bus.lag([EMAIL], group="workers") == 0


async def test_queues_and_exchanges_of_strangers_are_used_as_they_are(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await stranger.declare_exchange(EMAIL.exchange, aio_pika.ExchangeType.TOPIC)
    await stranger.declare_queue(EMAIL.queue)

    with capture_logs() as logs:
        await bus.declare([EMAIL])
        await bus.declare([EMAIL])
    await bus.publish(EMAIL, parcels(3))
    arrived = await read(bus, 3)

    assert ["parcel-0", "parcel-1", "parcel-2"] == [each.id for each in arrived]
    used = [(line["event"], line["what"]) for line in logs]
    assert [
        ("bus.used_as_it_is", "exchange notifications.direct"),
        ("bus.used_as_it_is", "queue email.queue"),
    ] == used


async def test_a_classic_queue_can_tell_that_a_parcel_comes_again(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await stranger.declare_queue(EMAIL.queue, durable=True)
    await bus.declare([EMAIL])
    await bus.publish(EMAIL, parcels(1))
    tries: list[int] = []
    is_done = asyncio.Event()

    async def refuse_twice(batch: Sequence[Arrived]) -> None:
        tries.extend(each.tries for each in batch)
        if len(tries) < 3:
            raise RuntimeError("the database is away")
        is_done.set()

    async with reading(bus, refuse_twice):
        await asyncio.wait_for(is_done.wait(), SOON)

    assert [0, 1, 1] == tries


async def test_what_strangers_say_in_their_way_arrives_as_text(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await bus.declare([EMAIL])
    exchange = await stranger.get_exchange(EMAIL.exchange)
    message = aio_pika.Message(
        b'{"to": 1}',
        message_id="theirs",
        content_type="application/json",
        correlation_id="order-7",
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        headers={
            "attempt": 3,
            "urgent": True,
            "since": datetime(2026, 1, 2, tzinfo=UTC),
            "raw": bytearray(b"\xffabc"),
            "nothing": None,
            "x-death": [{"count": 1}],
        },
    )

    await exchange.publish(message, EMAIL.name)
    (came,) = await read(bus, 1)

    assert ("theirs", "", b'{"to": 1}', 0) == (came.id, came.key, came.body, came.tries)
    assert {
        "content-type": "application/json",
        "correlation-id": "order-7",
        "attempt": "3",
        "urgent": "true",
        "since": "2026-01-02T00:00:00+00:00",
        "raw": "\ufffdabc",
    } == came.headers
    assert re.fullmatch(r"email\.queue@[0-9a-f]{12}/1", came.place)


async def test_what_no_driver_can_read_of_a_message_harms_neither_its_body_nor_its_neighbours(
    bus: RabbitBus, rabbitmq_url: str
) -> None:
    await bus.declare([EMAIL])
    properties = (
        Basic.Properties(message_id="AAAA", correlation_id="AAAA"),
        Basic.Properties(timestamp=datetime.fromtimestamp(0x41414141, tz=UTC)),
        Basic.Properties(headers={"AAAA": "value"}, message_id="id"),
    )

    async with aiormq.connect(rabbitmq_url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        for n, each in enumerate(properties):
            frames = spoilt(each, b"body-%d" % n, channel.number)
            await connection.write_queue.put(ChannelFrame(frames, should_close=False))
        await channel.basic_qos(prefetch_count=1)  # answered, and so is what was sent before
    await bus.publish(EMAIL, parcels(1))
    arrived = await read(bus, 4)

    assert [b"body-0", b"body-1", b"body-2", b"0"] == [each.body for each in arrived]
    assert ["\ufffd" * 4, "", "id", "parcel-0"] == [each.id for each in arrived]


def spoilt(properties: Basic.Properties, body: bytes, channel: int) -> bytes:
    """A message with bytes that are no UTF-8, and no time, where there were letters A."""
    frames: list[FrameType] = [
        Basic.Publish(exchange=EMAIL.exchange, routing_key=EMAIL.name),
        ContentHeader(body_size=len(body), properties=properties),
        ContentBody(body),
    ]
    whole = b"".join(marshal(frame, channel) for frame in frames)
    return whole.replace(b"\0\0\0\0AAAA", b"\xff" * 8).replace(b"AAAA", b"\xff" * 4)


@pytest.mark.parametrize(
    "parcel",
    [
        Parcel("i" * 256, "", b""),
        Parcel("id", "", b"", {"n" * 129: ""}),
        Parcel("id", "", b"", {"name": "v" * 140_000}),
        Parcel("id", "k" * 140_000, b""),
        Parcel("id", "", b"", {"name": "\ud800"}),
    ],
    ids=["id", "name of a header", "headers", "key", "no text"],
)
async def test_what_amqp_has_no_room_for_is_invalid_and_harms_nobody(
    bus: RabbitBus, parcel: Parcel
) -> None:
    await bus.declare([EMAIL])

    with pytest.raises(Invalid):
        await bus.publish(EMAIL, [*parcels(1, name="with-it"), parcel])
    await bus.publish(EMAIL, parcels(3))

    assert await bus.lag([EMAIL], group="") == 3


async def test_no_more_is_pushed_than_two_batches_and_all_of_it_is_lag(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    await bus.declare([EMAIL])
    await bus.publish(EMAIL, parcels(100))
    is_held, is_over = asyncio.Event(), asyncio.Event()

    async def hold(_: Sequence[Arrived]) -> None:
        is_held.set()
        await is_over.wait()

    async with reading(bus, hold, most=10), asyncio.timeout(SOON):
        await is_held.wait()
        while (waiting := await count(stranger, EMAIL.queue)) > 80:
            await asyncio.sleep(0.01)
        lag = await bus.lag([EMAIL], group="workers")

    assert (80, 100) == (waiting, lag)


async def test_of_long_messages_few_are_pushed_and_a_batch_of_them_ends_early(
    bus: RabbitBus,
) -> None:
    await bus.declare([EMAIL])
    long = [Parcel(f"{number}", "acme", b"x" * 512 * 1024) for number in range(80)]
    await bus.publish(EMAIL, long)
    sizes: list[int] = []
    is_second, is_over = asyncio.Event(), asyncio.Event()

    async def hold(batch: Sequence[Arrived]) -> None:
        sizes.append(sum(len(each.body) for each in batch))
        if sum(sizes) > 20 * 1024 * 1024:
            is_second.set()
            await is_over.wait()

    async with reading(bus, hold), asyncio.timeout(SOON):
        await is_second.wait()
        unfinished = bus._members[0].intake.unfinished if bus._members[0].intake else 0

    assert max(sizes) <= 16.5 * 1024 * 1024
    assert 0 < unfinished <= 64


async def test_short_messages_come_once_and_in_order_also_when_more_are_pushed(
    bus: RabbitBus,
) -> None:
    await bus.declare([EMAIL])
    sent = parcels(3_000)
    await bus.publish(EMAIL, sent)

    inbox = Inbox()
    async with reading(bus, inbox, most=100), asyncio.timeout(SOON):
        await inbox.until(lambda: len(inbox.arrived) >= len(sent))
        ahead = bus._members[0]._ahead.count
    got = inbox.arrived

    assert [parcel.id for parcel in sent] == [each.id for each in got]
    assert ahead == 200


async def test_what_arrived_while_a_batch_was_at_work_is_the_next_one(bus: RabbitBus) -> None:
    await bus.declare([EMAIL])
    sizes: list[int] = []
    is_held, is_over, is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(batch: Sequence[Arrived]) -> None:
        sizes.append(len(batch))
        is_held.set()
        await is_over.wait()
        if sum(sizes) == 51:
            is_done.set()

    async with reading(bus, hold), asyncio.timeout(SOON):
        await bus.publish(EMAIL, parcels(1, name="first"))
        await is_held.wait()
        await bus.publish(EMAIL, parcels(50))
        while not (intake := bus._members[0].intake) or intake.unfinished < 51:
            await asyncio.sleep(0.01)
        is_over.set()
        await is_done.wait()

    assert [1, 50] == sizes


async def is_published(bus: RabbitBus, sent: Sequence[Parcel]) -> bool:
    try:
        await bus.publish(EMAIL, sent)
    except Unavailable:
        return False
    return True


async def count(stranger: aio_pika.abc.AbstractChannel, queue: str) -> int:
    declared = await stranger.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def test_an_event_that_nobody_listens_to_is_published_and_missed(
    bus: RabbitBus, stranger: aio_pika.abc.AbstractChannel
) -> None:
    event = replace(STATUS, is_event=True)
    await bus.declare([event])

    await bus.publish(event, parcels(1, name="unheard"))
    queue = await stranger.declare_queue(exclusive=True)
    await queue.bind(STATUS.exchange, STATUS.name)
    await bus.publish(event, parcels(1, name="heard"))

    heard = await queue.get(timeout=SOON)
    assert (heard.message_id, await queue.get(fail=False)) == ("heard-0", None)
