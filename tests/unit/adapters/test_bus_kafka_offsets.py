"""What is told to Kafka of how far the group is done, and when that is told again."""

import pytest
from confluent_kafka import KafkaError, TopicPartition

from sendwell.adapters.bus.kafka.offsets import Offsets
from sendwell.adapters.bus.kafka.records import Record
from sendwell.adapters.bus.kafka.trouble import Trouble
from sendwell.ports.bus import Arrived, Stream

PLACE, OTHER, NOBODYS = ("topic", 1), ("topic", 2), ("topic", 3)
ARRIVED = Arrived(Stream("topic"), "id", "key", b"", {}, place="topic/1@7")


@pytest.fixture
def offsets() -> Offsets:
    return Offsets(Trouble("consumer"))


def through(number: int) -> list[TopicPartition]:
    """The commit of all before that number."""
    return [TopicPartition(*PLACE, number)]


def test_what_kafka_has_confirmed_is_told(offsets: Offsets) -> None:
    offsets.finish([Record(PLACE, 6, ARRIVED), Record(PLACE, 7, ARRIVED)])

    asked = offsets.to_commit()
    was_told = offsets.is_told
    offsets.committed(None, asked)

    assert through(8) == asked
    assert (False, True) == (was_told, offsets.is_told)


def test_what_kafka_refused_is_told_again(offsets: Offsets) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED)])
    asked = offsets.to_commit()

    offsets.committed(KafkaError(KafkaError.NOT_COORDINATOR), asked)

    assert through(8) == offsets.to_commit()


def test_what_is_done_during_a_commit_goes_with_the_next_one(offsets: Offsets) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED)])
    asked = offsets.to_commit()
    offsets.finish([Record(PLACE, 8, ARRIVED)])

    meanwhile = offsets.to_commit()
    offsets.committed(None, asked)

    assert [] == meanwhile
    assert through(9) == offsets.to_commit()


def test_a_partition_is_surrendered_with_the_last_that_was_done(offsets: Offsets) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED), Record(OTHER, 1, ARRIVED)])
    asked = offsets.to_commit()
    offsets.finish([Record(PLACE, 8, ARRIVED)])

    last = offsets.surrender([PLACE, NOBODYS])
    offsets.committed(None, asked)

    assert through(9) == last
    assert offsets.is_told


def test_what_is_somebody_elses_is_not_told_even_when_kafka_refused_it(offsets: Offsets) -> None:
    offsets.finish([Record(PLACE, 7, ARRIVED)])
    asked = offsets.to_commit()
    offsets.finish([Record(PLACE, 8, ARRIVED)])

    offsets.forget([PLACE])
    offsets.committed(KafkaError(KafkaError.UNKNOWN_MEMBER_ID), asked)

    assert [] == offsets.to_commit()
    assert offsets.is_told
