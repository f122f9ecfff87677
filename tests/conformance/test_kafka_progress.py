"""How far a group is, asked while brokers take the group over from one another."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException

from sendwell.adapters.bus.kafka.progress import Progress
from tests.conformance import kafka_mock
from tests.conformance.kafka_mock import OFFSET_FETCH, KafkaMock

PLACE = "parcels", 0
SOON = 20.0


@pytest.fixture
def broker() -> Iterator[KafkaMock]:
    with kafka_mock.running() as running:
        yield running


@pytest.fixture
async def progress(broker: KafkaMock) -> AsyncIterator[Progress]:
    """Its own client's errors are told to nobody."""
    made = Progress({"bootstrap.servers": broker.server, "log_level": 2})
    yield made
    await made.close()


async def test_a_broker_that_no_longer_looks_after_the_group_is_an_error_and_not_the_end(
    broker: KafkaMock, progress: Progress
) -> None:
    await committed(progress)
    broker.refuse(OFFSET_FETCH, KafkaError.NOT_COORDINATOR)

    with pytest.raises(KafkaException) as refused:
        await progress.committed("group", [PLACE])

    assert refused.value.args[0].code() == KafkaError.NOT_COORDINATOR
    assert await committed(progress) == {}


async def test_closing_waits_for_what_is_asked_and_later_questions_are_refused(
    progress: Progress,
) -> None:
    await committed(progress)
    asking = asyncio.create_task(progress.committed("group", [PLACE]))

    await progress.close()
    await asyncio.wait([asking])

    with pytest.raises(KafkaException):
        await progress.committed("group", [PLACE])


async def committed(progress: Progress) -> dict[tuple[str, int], int]:
    """The answer, once the connection is there."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await progress.committed("group", [PLACE])
            except KafkaException as error:
                assert error.args[0].code() == KafkaError._TIMED_OUT  # noqa: PT017
