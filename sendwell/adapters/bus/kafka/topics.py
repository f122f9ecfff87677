"""What is asked of a cluster besides parcels: topics made, offsets counted, a sign of life."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic

from sendwell.adapters.bus.kafka.progress import Progress
from sendwell.adapters.bus.kafka.records import Place
from sendwell.adapters.bus.kafka.standing import Standing
from sendwell.adapters.bus.kafka.trouble import Trouble
from sendwell.adapters.bus.kafka.url import KafkaUrl
from sendwell.domain.errors import Invalid, Unavailable

T = TypeVar("T")

_COPIES = 3
_MOST_BYTES = 4 * 1024 * 1024
"""Of a parcel with its headers. Kafka's usual 1 MiB is all that a notification alone may have."""
_MOVES = {
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
_OUT_OF_REACH = {
    KafkaError._TIMED_OUT,  # noqa: SLF001 – public
    KafkaError._TRANSPORT,  # noqa: SLF001 – public
    KafkaError._WAIT_COORD,  # noqa: SLF001 – public
}
"""What a question about a group comes to that is given up after a second."""
_MOVE_SECONDS = 0.05
_BEGIN = OffsetSpec.earliest()  # type: ignore[no-untyped-call] # the driver left them out
_END = OffsetSpec.latest()  # type: ignore[no-untyped-call] # the same


class _Moving(Unavailable):
    """A partition or a group is just being given to another broker, or is new, or out of reach."""


class Topics:
    """Questions to one cluster. All raise Unavailable, saying why.

    Raises Invalid for a URL that the client cannot follow: a file that is not there, for example.
    """

    def __init__(self, url: KafkaUrl, patience: timedelta) -> None:
        self._trouble = Trouble("admin")
        self._url = url
        self._seconds = patience.total_seconds()
        settings = {**url.client(), "error_cb": self._trouble.notice}
        try:
            self._admin: AdminClient = AdminClient(settings)
        except KafkaException as error:
            raise Invalid(f"Kafka's client cannot be set up: {error.args[0].str()}.") from error
        self._progress = Progress(settings)

    async def declare(self, names: Sequence[str]) -> None:
        """They exist. Those that did before stay as they are."""
        deadline = time.monotonic() + self._seconds
        if not (missing := await self._missing(names)):
            return
        await self._make(missing)
        while await self._missing(names):  # brokers learn of it one after the other
            if time.monotonic() > deadline:
                raise Unavailable("Kafka has not made the topics in time.")
            await asyncio.sleep(_MOVE_SECONDS)

    async def _missing(self, names: Sequence[str]) -> list[str]:
        there = await self._partitions(names)
        return [name for name in names if name not in there]

    async def _make(self, names: Sequence[str]) -> None:
        copies = await self._copies()
        made = [self._topic(name, copies=copies) for name in names]
        answers = self._admin.create_topics(
            made, request_timeout=self._seconds, operation_timeout=self._seconds
        )
        for answer in answers.values():
            await self._answer(answer, KafkaError.TOPIC_ALREADY_EXISTS)

    async def standings(self, names: Sequence[str], *, group: str) -> dict[Place, Standing]:
        """How far the group has come: to what it has committed, or where it never has, nowhere."""
        return await self._settled(lambda: self._standings(names, group))

    async def begun(self, names: Sequence[str], *, group: str) -> set[str]:
        """Those of which the group has committed anything."""
        return await self._settled(lambda: self._begun(names, group))

    async def _settled(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer, once nothing that it is about is just moving."""
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return await ask()
            except _Moving:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_MOVE_SECONDS)

    async def _begun(self, names: Sequence[str], group: str) -> set[str]:
        places = await self._places(names)
        return {name for name, _ in await self._committed(group, places)} if places else set()

    async def _standings(self, names: Sequence[str], group: str) -> dict[Place, Standing]:
        places = await self._places(names)
        if not places:
            return {}
        begins, ends, committed = await asyncio.gather(
            self._offsets(places, _BEGIN),
            self._offsets(places, _END),
            self._committed(group, places),
        )
        done = {place: max(begins[place], committed.get(place, 0)) for place in places}
        return {place: Standing(done[place], max(0, ends[place] - done[place])) for place in places}

    async def members(self, name: str, *, group: str) -> int:
        """How many of the group have a part of the topic."""
        (answer,) = self._admin.describe_consumer_groups(
            [group], request_timeout=self._seconds
        ).values()
        found = await self._answer(answer, KafkaError.GROUP_ID_NOT_FOUND)
        parts = [each.assignment.topic_partitions for each in found.members] if found else []
        return sum(any(part.topic == name for part in own) for own in parts)

    async def cluster(self) -> str:
        """Which one answers. Its version is not told to clients."""
        found = await self._answer(self._admin.describe_cluster(request_timeout=self._seconds))
        count = len(found.nodes)
        return f"Kafka, cluster {found.cluster_id}: {count} broker{'' if count == 1 else 's'}"

    async def close(self) -> None:
        """Let go of the connections; nothing can be asked any more. Idempotent."""
        await self._progress.close()
        with self._admin:
            pass  # leaving is how the driver closes it

    async def _partitions(self, names: Sequence[str]) -> dict[str, int]:
        """How many each has; those that do not exist are left out."""
        answers = self._admin.describe_topics(
            TopicCollection(list(names)), request_timeout=self._seconds
        )
        found = [
            await self._answer(answer, KafkaError.UNKNOWN_TOPIC_OR_PART)
            for answer in answers.values()
        ]
        return {topic.name: len(topic.partitions) for topic in found if topic is not None}

    async def _places(self, names: Sequence[str]) -> list[Place]:
        there = await self._partitions(names)
        return [(name, n) for name, count in there.items() for n in range(count)]

    async def _copies(self) -> int:
        """Those of a new topic. A broker that is away for the moment counts when the URL names it:
        a topic made meanwhile would have too few copies for ever.
        """
        if self._url.replication:
            return self._url.replication
        found = await self._answer(self._admin.describe_cluster(request_timeout=self._seconds))
        return min(_COPIES, max(len(found.nodes), len(self._url.servers)))

    def _topic(self, name: str, *, copies: int) -> NewTopic:
        config = {
            # Of three copies two have a parcel when it is acknowledged: one broker may be lost.
            "min.insync.replicas": str(max(1, copies - 1)),
            "max.message.bytes": str(_MOST_BYTES),
        }
        return NewTopic(name, self._url.partitions, copies, config=config)

    async def _offsets(self, places: Iterable[Place], spec: OffsetSpec) -> dict[Place, int]:
        asked = {TopicPartition(*place): spec for place in places}
        answers = self._admin.list_offsets(asked, request_timeout=self._seconds)
        return {
            (each.topic, each.partition): (await self._answer(answer)).offset
            for each, answer in answers.items()
        }

    async def _committed(self, group: str, places: Sequence[Place]) -> dict[Place, int]:
        try:
            return await self._progress.committed(group, places)
        except KafkaException as error:
            if error.args[0].code() in _OUT_OF_REACH:
                raise _Moving(f"Kafka does not answer: {self._trouble.said(error)}.") from error
            raise self._meaning(error) from error

    async def _answer(self, answer: "Future[Any]", *expected: int) -> Any:
        """None for an error that is expected."""
        try:
            found = await asyncio.wrap_future(answer)
        except KafkaException as error:
            if error.args[0].code() in expected:
                return None
            self._admin.poll(0)  # now it tells what was behind it
            raise self._meaning(error) from error
        self._trouble.is_over()
        return found

    def _meaning(self, error: KafkaException) -> Unavailable:
        kind = _Moving if error.args[0].code() in _MOVES else Unavailable
        return kind(f"Kafka does not answer: {self._trouble.said(error)}.")
