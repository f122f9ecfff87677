"""What is told to Kafka of how far the group is done, and when that is told again."""

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from sendwell.adapters.bus.kafka.offsets import Offsets
from sendwell.adapters.bus.kafka.records import Record
from sendwell.adapters.bus.kafka.trouble import Trouble
from sendwell.ports.bus import Arrived, Stream

PLACE = ("topic", 1)
ARRIVED = Arrived(Stream("topic"), "id", "key", b"", {}, place="topic/1@7")


@pytest.fixture
def offsets() -> Offsets:
    return Offsets(Trouble("consumer"))


@pytest.fixture
def consumer() -> Consumer:
    """It has nobody to talk to: the answers come from the tests."""
    return Consumer({"bootstrap.servers": "127.0.0.1:9", "group.id": "g", "log_level": 2})


def through(number: int) -> list[TopicPartition]:
    """Kafka's answer to the commit of all before that number."""
    return [TopicPartition(*PLACE, number)]


def test_what_kafka_has_confirmed_is_told(offsets: Offsets, consumer: Consumer) -> None:
    offsets.finish([Record(PLACE, 6, ARRIVED), Record(PLACE, 7, ARRIVED)])

    offsets.commit(consumer)
    was_told = offsets.is_told
    offsets.committed(None, through(8))

    assert (False, True) == (was_told, offsets.is_told)


def test_what_kafka_refused_is_told_again(offsets: Offsets, consumer: Consumer) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED)])
    offsets.commit(consumer)

    offsets.committed(KafkaError(KafkaError.NOT_COORDINATOR), through(8))
    was_told = offsets.is_told
    offsets.commit(consumer)
    offsets.committed(None, through(8))

    assert (False, True) == (was_told, offsets.is_told)


def test_what_was_done_during_a_commit_goes_with_the_next_one(
    offsets: Offsets, consumer: Consumer
) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED)])
    offsets.commit(consumer)
    offsets.finish([Record(PLACE, 8, ARRIVED)])

    offsets.commit(consumer)
    offsets.committed(None, through(8))
    was_told = offsets.is_told
    offsets.commit(consumer)
    offsets.committed(None, through(9))

    assert (False, True) == (was_told, offsets.is_told)


def test_what_is_somebody_elses_is_not_told(offsets: Offsets, consumer: Consumer) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED)])
    offsets.commit(consumer)
    offsets.finish([Record(PLACE, 8, ARRIVED)])

    offsets.forget([PLACE])
    offsets.committed(KafkaError(KafkaError.UNKNOWN_MEMBER_ID), through(8))

    assert offsets.is_told
