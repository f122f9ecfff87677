"""Every physical stream of a preset: who writes and reads it, its key, what travels there."""

from collections.abc import Iterable
from dataclasses import dataclass

from sendwell.domain.channel import Channel
from sendwell.domain.presets.naming import PhysicalName, Share
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import ENDS, LogicalStream
from sendwell.messages.wire import headers
from sendwell.messages.wire.events import EVENTS
from sendwell.messages.wire.requests import CONTRACTS

BYTES = "as it came"
"""In place of a schema, for what could not be read."""

_OURS = {
    LogicalStream.ACCEPTED: "Requested",
    LogicalStream.TASK: "Task",
    LogicalStream.HISTORY: "Status",
}
"""What travels on streams that are ours alone; its form may change with every release."""

_KNOWN = (
    headers.ORGANIZATION, headers.NOTIFICATION, headers.CORRELATION, headers.TRACEPARENT,
    headers.SOURCE, headers.SCHEMA_VERSION,
)  # fmt: skip
_OF_DELIVERY = (
    headers.IDEMPOTENCY, headers.CHANNEL, headers.LANE, headers.PART, headers.ATTEMPT, headers.DUE,
)  # fmt: skip
_BELIEVED = (headers.KIND, headers.MESSAGE, headers.BODY, headers.SEAL)
_TASK = (*_KNOWN, *_OF_DELIVERY, *_BELIEVED)

HEADERS: dict[LogicalStream, tuple[str, ...]] = {
    LogicalStream.REQUESTED: (*_KNOWN, headers.IDEMPOTENCY, headers.KIND, headers.SEAL),
    LogicalStream.ACCEPTED: (*_KNOWN, headers.LANE, *_BELIEVED),
    LogicalStream.TASK: _TASK,
    LogicalStream.RETRY: _TASK,
    LogicalStream.STATUS: (*_KNOWN, headers.IDEMPOTENCY),
    LogicalStream.DEAD: (
        *_KNOWN, *_OF_DELIVERY,
        headers.CAUSE, headers.CODE, headers.TEXT, headers.PROVIDER, headers.AT,
    ),
    LogicalStream.QUARANTINE: (
        headers.REASON, headers.TEXT, headers.POINTER, headers.STREAM, headers.PLACE, headers.AT,
    ),
}  # fmt: skip
"""What may stand in the headers of each stream that others know."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One physical stream. `writes` and `reads` are roles of ours, or people outside."""

    stream: LogicalStream
    share: Share
    physical: PhysicalName
    is_named: bool
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    key: str
    schema: str


def topics(preset: Preset, channels: Iterable[Channel]) -> list[Topic]:
    """All of a preset's streams, in the order of the flow."""
    known = tuple(channels)
    return [
        Topic(
            stream,
            share,
            preset.physical(stream, share),
            preset.is_named(stream),
            _writers(preset, stream),
            ENDS[stream].reads,
            preset.partition_by.value,
            schema_of(preset, stream),
        )
        for stream in ENDS
        if stream in preset.namings
        for share in preset.shares(stream, known)
    ]


def schema_of(preset: Preset, stream: LogicalStream) -> str:
    """The name of what travels on a stream."""
    if stream is LogicalStream.QUARANTINE:
        return BYTES
    if stream is LogicalStream.STATUS:
        return EVENTS[preset.name].__name__
    if preset.is_named(stream):
        return CONTRACTS[preset.name].schema
    return _OURS[stream]


def _writers(preset: Preset, stream: LogicalStream) -> tuple[str, ...]:
    writes = ENDS[stream].writes
    if stream is LogicalStream.REQUESTED and preset.publishes_rest:
        return (*writes, "gateway")
    return writes
