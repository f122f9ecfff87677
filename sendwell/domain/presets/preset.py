"""What a preset is: names for our streams, ports for our services, and policies."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from sendwell.domain.channel import Channel
from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.presets.naming import Axis, Naming, PhysicalName, Share
from sendwell.domain.presets.streams import LogicalStream
from sendwell.domain.presets.verdict import Verdict
from sendwell.domain.retries import Retries


class KeyCase(StrEnum):
    """How the keys of the JSON are written."""

    CAMEL = "camelCase"
    SNAKE = "snake_case"


class Broker(StrEnum):
    """The brokers that a preset is described for. Any other bus uses the same names."""

    KAFKA = "kafka"
    RABBITMQ = "rabbitmq"


class Partition(StrEnum):
    """What stays in order, and so what the key of a message is."""

    TENANT = "tenant"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Service:
    """A process of its own: its roles, all of them when none is listed, and its port."""

    name: str
    port: int
    roles: tuple[str, ...] = ()
    channel: ChannelName | None = None
    """The only channel that it delivers by."""

    def runs(self, role: str, channel: ChannelName | None) -> bool:
        """Whether the role, narrowed to that channel, is this service's."""
        is_here = not self.roles or role in self.roles
        return is_here and (self.channel is None or self.channel == channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How the outside knows one installation. Pure data."""

    name: str
    about: str
    brokers: tuple[Broker, ...]
    namings: Mapping[LogicalStream, Naming]
    """A stream without a naming is not there: it stays inside the process."""
    services: tuple[Service, ...]
    keys: KeyCase = KeyCase.SNAKE
    retries: Retries = field(default_factory=Retries)
    partition_by: Partition = Partition.TENANT
    publishes_rest: bool = False
    """What comes by REST is written to the requested stream as well, where others look for it."""

    def is_named(self, stream: LogicalStream) -> bool:
        """Whether others know the stream: single messages, and its steps are never fused."""
        return stream in self.namings and self.namings[stream].is_named

    @property
    def hands_on(self) -> bool:
        """Whether requests and tasks go by streams that others know."""
        return self.is_named(LogicalStream.ACCEPTED) or self.is_named(LogicalStream.TASK)

    def physical(self, stream: LogicalStream, share: Share) -> PhysicalName:
        """What a share of a stream is called. Raises KeyError for a stream that is not there, and
        ValueError when the share leaves open what the stream is divided by.
        """
        return self.namings[stream].at(share)

    def shares(self, stream: LogicalStream, channels: Iterable[Channel]) -> Iterator[Share]:
        """Every share of a stream, given the channels there are."""
        axes = self.namings[stream].axes
        lanes = Lane if Axis.LANE in axes else (None,)
        for channel in channels if Axis.CHANNEL in axes else (None,):
            verdicts = _verdicts(channel) if Axis.VERDICT in axes else (None,)
            for lane, verdict in product(lanes, verdicts):
                yield Share(channel.name if channel else None, lane, verdict)

    def port(self, role: str, channel: ChannelName | None = None) -> int | None:
        """The port of the service that runs a role, narrowed to a channel if it is one's own.

        None where the preset gives it none.
        """
        found = (service.port for service in self.services if service.runs(role, channel))
        return next(found, None)


def _verdicts(channel: Channel | None) -> tuple[Verdict, ...]:
    """What can be said of a channel: only what has receipts can come back."""
    if channel is None or channel.expects_receipts:
        return tuple(Verdict)
    return (Verdict.DELIVERED, Verdict.FAILED)
