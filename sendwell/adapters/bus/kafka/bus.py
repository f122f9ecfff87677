"""The Bus port on Kafka: a stream is a topic, a group is a consumer group."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sendwell.adapters.bus.kafka.member import Member
from sendwell.adapters.bus.kafka.pauses import new_pauses
from sendwell.adapters.bus.kafka.publisher import Publisher
from sendwell.adapters.bus.kafka.standing import behind
from sendwell.adapters.bus.kafka.topics import Topics
from sendwell.adapters.bus.kafka.url import KafkaUrl
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Parcel, Receive, Stream

PATIENCE = timedelta(seconds=30)


class KafkaBus:
    """A Bus on the cluster at `url`, which KafkaUrl describes. Raises Invalid for a wrong one.

    Order is kept for each key. A group that has never read begins with the oldest there is, so
    nothing is missed between declaring and reading. Kafka forgets what is older than the topic's
    retention, read or not.

    `patience` is how long the cluster may take for one parcel or question before it counts as
    unavailable: longer than it needs to agree on a new leader.
    """

    def __init__(self, url: str, *, patience: timedelta = PATIENCE) -> None:
        self._url = KafkaUrl.parse(url)
        self._patience = patience
        self._topics = Topics(self._url, patience)
        self._members: list[Member] = []
        self._publisher: Publisher | None = None
        self._is_closed = False

    async def declare(
        self,
        streams: Sequence[Stream],
        *,
        group: str | None = None,  # noqa: ARG002 – a topic keeps everything for everybody
    ) -> None:
        self._refuse_if_closed()
        await self._topics.declare(_names(streams))

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        self._refuse_if_closed()
        if self._publisher is None:
            self._publisher = Publisher(self._url.client(), self._patience)
        await self._publisher.publish(stream.name, parcels)

    async def consume(
        self, streams: Sequence[Stream], *, group: str, receive: Receive, most: int = 500
    ) -> None:
        await self._until_declared(streams)
        member = Member(self._url.client(), streams, group=group, receive=receive, most=most)
        self._members.append(member)
        try:
            await member.work()
        finally:
            self._members.remove(member)

    async def lag(self, streams: Sequence[Stream], *, group: str) -> int:
        self._refuse_if_closed()
        standings = await self._topics.standings(_names(streams), group=group)
        return sum(each.left for each in standings.values())

    async def behind(self, streams: Sequence[Stream], *, group: str) -> Mapping[str, str]:
        self._refuse_if_closed()
        standings = await self._topics.standings(_names(streams), group=group)
        mine = [member.owned for member in self._members if member.group == group]
        return behind(standings, frozenset().union(*mine))

    async def members(self, stream: Stream, *, group: str) -> int:
        self._refuse_if_closed()
        return await self._topics.members(stream.name, group=group)

    async def begun(self, streams: Sequence[Stream], *, group: str) -> list[Stream]:
        self._refuse_if_closed()
        there = await self._topics.begun(_names(streams), group=group)
        return [stream for stream in streams if stream.name in there]

    async def ping(self) -> str:
        self._refuse_if_closed()
        return await self._topics.cluster()

    async def close(self) -> None:
        self._is_closed = True
        publisher, self._publisher = self._publisher, None
        if publisher:
            await publisher.close()
        await self._topics.close()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise Unavailable("The bus is closed.")

    async def _until_declared(self, streams: Sequence[Stream]) -> None:
        """A consumer notices new topics only every few minutes."""
        pauses = new_pauses()
        while True:
            try:
                return await self.declare(streams)
            except Unavailable:
                await asyncio.sleep(pauses.take())


def _names(streams: Sequence[Stream]) -> list[str]:
    return list(dict.fromkeys(stream.name for stream in streams))
