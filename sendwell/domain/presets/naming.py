"""How a logical stream is called on a broker, as a pattern over channel, lane and verdict."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from string import Formatter

from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.presets.verdict import Verdict


class Axis(StrEnum):
    """What a logical stream can be divided by."""

    CHANNEL = "channel"
    LANE = "lane"
    VERDICT = "verdict"


class ExchangeKind(StrEnum):
    """How a RabbitMQ exchange picks queues."""

    TOPIC = "topic"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of a divided stream; what the stream is not divided by does not matter."""

    channel: ChannelName | None = None
    lane: Lane | None = None
    verdict: Verdict | None = None


WHOLE = Share()
"""All of a stream that is not divided."""


@dataclass(frozen=True, slots=True)
class PhysicalName:
    """Where it is on the broker: `name` is Kafka's topic and RabbitMQ's routing key.

    `queue` is the queue that those who share the work read from (empty: one a group). `also` are
    further routing keys that lead into that queue, for producers who know it by another one.
    `is_event`: it is told to whoever listens, and nobody has to.
    """

    name: str
    exchange: str
    kind: ExchangeKind = ExchangeKind.TOPIC
    queue: str = ""
    also: tuple[str, ...] = ()
    is_event: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """Patterns with `{channel}`, `{lane}` and `{verdict}` in them: the stream is divided by those.

    `is_named`: others know the name. Such a stream carries single messages, the producer's JSON
    unchanged, what we add in headers; its steps are never fused. All others are ours alone.
    `is_event`: see PhysicalName.
    """

    name: str
    exchange: str = "sendwell"
    kind: ExchangeKind = ExchangeKind.TOPIC
    queue: str = ""
    also: tuple[str, ...] = ()
    is_named: bool = False
    is_event: bool = False

    @property
    def axes(self) -> frozenset[Axis]:
        """What the stream is divided by."""
        return frozenset(Axis(field) for _, field, *_ in Formatter().parse(self.name) if field)

    def at(self, share: Share) -> PhysicalName:
        """The physical name of a share. Raises ValueError when the share leaves an axis open."""
        return _at(self, share)


@lru_cache(maxsize=4_096)
def _at(naming: Naming, share: Share) -> PhysicalName:
    """Remembered: it is asked for each letter, and there are few names."""
    values = {
        Axis.CHANNEL: share.channel,
        Axis.LANE: share.lane.label if share.lane is not None else None,
        Axis.VERDICT: share.verdict,
    }
    if missing := sorted(axis for axis in naming.axes if values[axis] is None):
        raise ValueError(f"{naming.name} is divided by {', '.join(missing)}")
    words = {axis.value: value for axis, value in values.items()}
    return PhysicalName(
        naming.name.format_map(words),
        naming.exchange,
        naming.kind,
        naming.queue.format_map(words),
        tuple(key.format_map(words) for key in naming.also),
        naming.is_event,
    )
