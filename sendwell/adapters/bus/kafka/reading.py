"""One consumer from joining its group to leaving it. All of it happens in one thread."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sendwell.adapters.bus.kafka.hand import Hand
from sendwell.adapters.bus.kafka.held import Held
from sendwell.adapters.bus.kafka.offsets import Offsets
from sendwell.adapters.bus.kafka.records import Place, Record, record
from sendwell.adapters.bus.kafka.trouble import Trouble
from sendwell.ports.bus import Stream

log = structlog.get_logger()

SETTINGS: Mapping[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "allow.auto.create.topics": False,
    "partition.assignment.strategy": "cooperative-sticky",
    # How soon others take over from a process that died, and learn that somebody joined or left.
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 1_000,
    # A topic or partition that was made meanwhile is noticed.
    "topic.metadata.refresh.interval.ms": 5_000,
    # A partition that was just assigned or resumed joins the next request to its broker.
    "fetch.wait.max.ms": 100,
    # What lies ready: little memory, taken up again as soon as there is room.
    "queued.max.messages.kbytes": 16_384,
    "fetch.queue.backoff.ms": 20,
}
_STANDS_STILL = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE}
"""Told when the coordinator moved while it was asked where to begin. librdkafka never asks again,
and never reads those partitions (its issue 5586, in 2.16.0 still).
"""
_TURN_SECONDS = 0.1
_QUICK_SECONDS = 1.0
"""For so long a batch is waited for without a word to the group."""
_GRACE_SECONDS = 20.0
"""For so long the group waits for a batch that is out when its partitions go to somebody else."""
_LEAVE_SECONDS = 2.0


class Reading:
    """Reads, hands out, and commits what was taken; in turns, until told to stop."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        streams: Mapping[str, Stream],
        hand_out: Callable[[Sequence[Record]], Hand],
        *,
        most: int,
    ) -> None:
        self._streams = streams
        self._hand_out = hand_out
        self._most = most
        self._stopping = threading.Event()
        self._trouble = Trouble("consumer")
        self._offsets = Offsets(self._trouble)
        self._held = Held(most)
        self._hand: Hand | None = None
        self._gone: set[Place] = set()
        self.owned: frozenset[Place] = frozenset()
        """Replaced as a whole: others than this thread look at it."""
        self._consumer = Consumer(
            {
                **SETTINGS,
                **settings,
                "error_cb": self._trouble.notice,
                "on_commit": self._offsets.committed,
            }
        )

    def stop(self) -> None:
        """From any thread: the batch that is out is dropped, and `run` comes to its end."""
        self._stopping.set()
        if hand := self._hand:
            hand.drop()

    def run(self) -> None:
        """Until `stop`. Leaves the group in good order."""
        try:
            self._consumer.subscribe(
                list(self._streams),
                on_assign=self._own,
                on_revoke=self._give_back,
                on_lost=self._lose,
            )
            while not self._stopping.is_set():
                self._turn()
            self._tell_last()
        finally:
            self._consumer.close()

    def _turn(self) -> None:
        for records in self._held.due(time.monotonic()):
            self._pass_on(records)
        self._pass_on(self._read(self._held.wait(time.monotonic(), _TURN_SECONDS)))
        self._commit()

    def _commit(self) -> None:
        if offsets := self._offsets.to_commit():
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def _read(self, seconds: float) -> list[Record]:
        """What is there as soon as anything is; `consume` alone waits until it has all it may.

        While it is read, partitions may go; what was read of them then belongs to others.
        """
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        self._gone.clear()
        more = self._consumer.consume(self._most - 1, 0) if self._most > 1 else []
        came = [each for each in self._records([first, *more]) if each.place not in self._gone]
        self._held.keep(each for each in came if each.place in self._held)
        return [each for each in came if each.place not in self._held]

    def _records(self, messages: Iterable[Message]) -> list[Record]:
        found = []
        for message in messages:
            if error := message.error():
                self._notice(error)
            else:
                found.append(record(message, self._streams))
        if found:
            self._trouble.is_over()
        return found

    def _notice(self, error: KafkaError) -> None:
        """Most pass by themselves. Raises what this consumer will not recover from."""
        self._trouble.notice(error)
        if error.fatal() or error.code() in _STANDS_STILL:
            raise KafkaException(error)

    def _pass_on(self, records: Sequence[Record]) -> None:
        if not records or self._stopping.is_set():
            return
        self._hand = hand = self._hand_out(records)
        if self._stopping.is_set():
            hand.drop()
        if not hand.wait(_QUICK_SECONDS):
            self._keep_membership(hand)
        self._settle()

    def _keep_membership(self, hand: Hand) -> None:
        """The group throws out who does not poll, so poll without getting anything."""
        self._consumer.pause(self._consumer.assignment())
        while self._hand is hand and not hand.wait(0):
            self._hold(self._records(self._consumer.consume(1, _TURN_SECONDS)))
        owned = {(each.topic, each.partition) for each in self._consumer.assignment()}
        self._consumer.resume(_partitions(place for place in owned if place not in self._held))

    def _hold(self, records: Sequence[Record]) -> None:
        """These came in spite of the pause: from partitions that are ours only since then."""
        if records:
            self._held.keep(records)
            self._consumer.pause(_partitions({each.place for each in records}))

    def _settle(self) -> None:
        """The batch is over, unless it was settled already when its partitions went."""
        hand, self._hand = self._hand, None
        if hand is None:
            return
        if hand.is_taken:
            self._offsets.finish(hand.records)
            self._consumer.resume(_partitions(self._held.free(hand.places)))
            return
        self._held.refuse(hand.records, time.monotonic())
        self._consumer.pause(_partitions(hand.places))
        if hand.error:
            first = hand.records[0].arrived
            log.error("bus.refused", first=first.place, tries=first.tries, exc_info=hand.error)

    def _own(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self.owned |= {(each.topic, each.partition) for each in partitions}

    def _give_back(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Partitions go to other members, who wait until we are done with what is out."""
        places = {(each.topic, each.partition) for each in partitions}
        if self._hand and not places.isdisjoint(self._hand.places):
            if not self._hand.wait(_GRACE_SECONDS):
                self._drop(self._hand)
            self._settle()
        self._commit_finally(places)
        self._forget(places)

    def _commit_finally(self, places: Collection[Place]) -> None:
        """Those who read on from there must find it: wait until Kafka has it."""
        offsets = self._offsets.surrender(places)
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            self._trouble.notice(error.args[0])

    def _lose(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Partitions are somebody else's already, and so are their parcels."""
        places = {(each.topic, each.partition) for each in partitions}
        if self._hand and not places.isdisjoint(self._hand.places):
            self._drop(self._hand)
            self._settle()
        self._offsets.forget(places)
        self._forget(places)

    def _forget(self, places: AbstractSet[Place]) -> None:
        self.owned -= places
        self._gone.update(places)
        self._held.forget(places)
        self._consumer.resume(_partitions(places))  # else they come back paused one day

    @staticmethod
    def _drop(hand: Hand) -> None:
        hand.drop()
        hand.wait(_LEAVE_SECONDS)

    def _tell_last(self) -> None:
        """Let Kafka know what was done, if it listens; what comes meanwhile stays unread."""
        deadline = time.monotonic() + _LEAVE_SECONDS
        while not self._offsets.is_told and time.monotonic() < deadline:
            self._commit()
            self._consumer.poll(_TURN_SECONDS / 10)
        places = {(each.topic, each.partition) for each in self._consumer.assignment()}
        self._offsets.forget(places)  # or else closing waits for a coordinator that is away


def _partitions(places: Iterable[Place]) -> list[TopicPartition]:
    return [TopicPartition(*place) for place in places]
