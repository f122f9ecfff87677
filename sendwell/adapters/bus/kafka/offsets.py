"""How far the group is done with each partition, and telling Kafka so."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

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

    def commit(self, consumer: Consumer) -> None:
        """Tell what is not told yet, unless Kafka is still busy with the last time."""
        if self._open and not self._under_way:
            self._under_way, self._open = self._open, {}
            consumer.commit(offsets=_partitions(self._under_way), asynchronous=True)

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

    def surrender(self, consumer: Consumer, places: Collection[Place]) -> None:
        """Tell it for these, and wait until Kafka knows: others read on from there."""
        last = {**self._under_way, **self._open}
        ours = {place: offset for place, offset in last.items() if place in places}
        self.forget(places)
        if not ours:
            return
        try:
            consumer.commit(offsets=_partitions(ours), asynchronous=False)
        except KafkaException as error:
            self._trouble.notice(error.args[0])

    def forget(self, places: Iterable[Place]) -> None:
        """They are no longer ours to commit."""
        for place in places:
            self._open.pop(place, None)
            self._under_way.pop(place, None)


def _partitions(offsets: Mapping[Place, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, n, offset) for (topic, n), offset in offsets.items()]
