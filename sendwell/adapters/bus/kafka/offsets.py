"""How far the group is done with each partition, and what of it Kafka knows."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from confluent_kafka import KafkaError, TopicPartition

from sendwell.adapters.bus.kafka.records import Place, Record
from sendwell.adapters.bus.kafka.trouble import Trouble


class Offsets:
    """One commit is under way at a time; what is done meanwhile goes with the next one.

    So reading never waits for Kafka to write, and the number of commits adapts to its pace.
    """

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._open: dict[Place, int] = {}
        self._under_way: dict[Place, int] = {}

    @property
    def is_told(self) -> bool:
        """Whether Kafka has confirmed all of it."""
        return not self._open and not self._under_way

    def finish(self, records: Iterable[Record]) -> None:
        """They are done with, and so is all before them."""
        for record in records:
            self._open[record.place] = record.offset + 1

    def to_commit(self) -> list[TopicPartition]:
        """What is to be committed now: nothing as long as Kafka is busy with the last time."""
        if self._under_way:
            return []
        self._under_way, self._open = self._open, {}
        return _partitions(self._under_way)

    def committed(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        """Kafka's answer, for `on_commit`. What it refused is told again."""
        for each in partitions:
            place = each.topic, each.partition
            if self._under_way.get(place) != each.offset:
                continue  # it was surrendered meanwhile
            del self._under_way[place]
            if refused := error or each.error:
                self._trouble.notice(refused)
                self._open.setdefault(place, each.offset)

    def surrender(self, places: Collection[Place]) -> list[TopicPartition]:
        """What is to be committed, for the last time, of partitions that go to others."""
        last = {**self._under_way, **self._open}
        self.forget(places)
        return _partitions({place: last[place] for place in places if place in last})

    def forget(self, places: Iterable[Place]) -> None:
        """They are no longer ours to commit."""
        for place in places:
            self._open.pop(place, None)
            self._under_way.pop(place, None)


def _partitions(offsets: Mapping[Place, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, n, offset) for (topic, n), offset in offsets.items()]
