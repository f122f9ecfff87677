"""What librdkafka does not survive by itself when a group goes from one broker to another."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from sendwell.adapters.bus.kafka.member import Member
from sendwell.adapters.bus.kafka.progress import Progress
from sendwell.ports.bus import Stream
from tests.conformance import kafka_mock
from tests.conformance.bus_house import SOON, Inbox
from tests.conformance.kafka_mock import OFFSET_FETCH, KafkaMock

GROUP = "group"
STREAM = Stream("parcels")
PLACE = STREAM.name, 0


@pytest.fixture
def broker() -> Iterator[KafkaMock]:
    with kafka_mock.running() as running:
        running.make(STREAM.name)
        yield running


@pytest.fixture
async def progress(broker: KafkaMock) -> AsyncIterator[Progress]:
    made = Progress(client(broker))
    yield made
    await made.close()


async def test_who_asks_a_broker_that_no_longer_has_the_group_gets_an_error_and_lives_on(
    broker: KafkaMock, progress: Progress
) -> None:
    await committed(progress)
    broker.refuse(OFFSET_FETCH, KafkaError.NOT_COORDINATOR)

    with pytest.raises(KafkaException) as refused:
        await progress.committed(GROUP, [PLACE])

    assert refused.value.args[0].code() == KafkaError.NOT_COORDINATOR
    assert await committed(progress) == {}


async def test_closing_waits_for_what_is_asked_and_later_questions_are_refused(
    progress: Progress,
) -> None:
    await committed(progress)
    asking = asyncio.create_task(progress.committed(GROUP, [PLACE]))

    await progress.close()
    await asyncio.wait([asking])

    with pytest.raises(KafkaException):
        await progress.committed(GROUP, [PLACE])


@pytest.mark.parametrize("code", [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE])
async def test_a_member_whose_broker_loses_the_group_while_it_begins_to_read_does_read(
    broker: KafkaMock, code: int
) -> None:
    inbox = Inbox()
    producer = Producer(client(broker))
    producer.produce(STREAM.name, b"a parcel")
    assert producer.flush(SOON) == 0
    broker.refuse(OFFSET_FETCH, code)

    impatient = {"session.timeout.ms": 1_000, "heartbeat.interval.ms": 200}
    settings = {**client(broker), **impatient}
    member = Member(settings, [STREAM], group=GROUP, receive=inbox, most=500)
    work = asyncio.create_task(member.work())
    async with asyncio.timeout(SOON):
        await inbox.until(lambda: bool(inbox.arrived))

    assert [b"a parcel"] == [each.body for each in inbox.arrived]
    work.cancel()
    await asyncio.wait([work])


def client(broker: KafkaMock) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": broker.server, "log_level": 2}


async def committed(progress: Progress) -> dict[tuple[str, int], int]:
    """The answer, once the connection is there."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await progress.committed(GROUP, [PLACE])
            except KafkaException as error:
                assert error.args[0].code() == KafkaError._TIMED_OUT  # noqa: PT017
