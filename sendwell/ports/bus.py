"""The bus between processes: streams of parcels, stored by a broker or a database."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Routing(StrEnum):
    """How a RabbitMQ exchange picks queues."""

    TOPIC = "topic"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Stream:
    """Where parcels of one kind travel. A preset decides the physical names.

    `name` is Kafka's topic, RabbitMQ's routing key, and the stream itself on a database. The rest
    is RabbitMQ's: the exchange, and the queue that those who share the work read from (empty: one
    queue a group, named `<group>.<name>`). Other buses ignore it.

    `is_event`: nobody has to hear it. Without a queue that is bound to it, RabbitMQ drops it.
    """

    name: str
    exchange: str = "sendwell"
    routing: Routing = Routing.TOPIC
    queue: str = ""
    is_event: bool = False


def part_of(name: str, number: int) -> str:
    """What a part of a stream is called: a partition, say."""
    return f"{name}/{number}"


def is_part(name: str) -> bool:
    """Whether that is the name of a part; no stream has such a one."""
    return "/" in name


@dataclass(frozen=True, slots=True)
class Parcel:
    """What travels: bytes that the bus does not look into.

    Parcels with the same `key` stay in order as far as the bus orders at all. `id` names the
    parcel for duplicates: publishing it again is the same parcel.
    """

    id: str
    key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A parcel that was handed out. Foreign ones may lack an id or a key: then these are empty.

    `place` says for people where it lay (`topic/3@1042`); no other parcel has the same. One that is
    handed out again has its own again; on RabbitMQ, which does not number them, in the same process
    only. `tries` is how often it was handed out before, as far as the bus can tell. `stored_at` is
    since when it lies there, in microseconds since 1970: what the broker says, or the producer, or
    nobody.
    """

    stream: Stream
    id: str
    key: str
    body: bytes
    headers: Mapping[str, str]
    place: str
    tries: int = 0
    stored_at: int | None = None


Receive = Callable[[Sequence[Arrived]], Awaitable[None]]
"""Takes a batch, in order. When it returns, all of it is done with: acknowledged for good."""


class Bus(Protocol):
    """One broker. Delivers at least once; who receives has to recognize what it has seen.

    Guarantees: a parcel is handed to each group once or more, to one member of the group at a time.
    A process that dies in the middle of `receive` gives its parcels back to the group.
    """

    async def declare(self, streams: Sequence[Stream], *, group: str | None = None) -> None:
        """The streams exist, and what the group misses from now on is kept for it. Idempotent."""
        ...

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        """The parcels are stored by the broker, as durably as it can.

        Raises Unavailable when that is not certain for all of them; then publish them all again.
        Raises Invalid for a parcel that the broker will never take.
        """
        ...

    async def consume(
        self, streams: Sequence[Stream], *, group: str, receive: Receive, most: int = 500
    ) -> None:
        """Hand out what arrives, in batches of at most `most`, until cancelled.

        A batch is there as soon as anything is: it never waits for company. When `receive` raises,
        the batch, in whole or in part, is handed out again after a pause that grows up to 5 s.
        Lost connections are taken up again, for ever; only cancelling ends it.
        """
        ...

    async def lag(self, streams: Sequence[Stream], *, group: str) -> int:
        """How many parcels the group has not done with. Raises Unavailable."""
        ...

    async def behind(self, streams: Sequence[Stream], *, group: str) -> Mapping[str, str]:
        """The streams, by name, of which something waits for the group's members in this process.

        What they own counts: partitions, shards, or the queue they read from; of a stream of which
        they own nothing, all that waits for the group. With each stands a mark, which changes
        whenever any of that was done with. Of a stream that is read in several parts those with
        something waiting stand there by themselves as well (`part_of`). Raises Unavailable.
        """
        ...

    async def members(self, stream: Stream, *, group: str) -> int:
        """How many of the group read the stream right now, anywhere. Raises Unavailable."""
        ...

    async def begun(self, streams: Sequence[Stream], *, group: str) -> list[Stream]:
        """Those on which the group has a place: it was declared there, or on Kafka has done with
        something. Of the others `lag` may count what was never meant for it. Raises Unavailable.
        """
        ...

    async def ping(self) -> str:
        """The broker's name and version, for people. Raises Unavailable, saying why."""
        ...

    async def close(self) -> None:
        """Publish what was handed in, then let go of all connections. Idempotent."""
        ...
