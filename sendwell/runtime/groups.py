"""What those who share the reading of a stream are called on the bus.

The names are the same in every process: who writes declares them, so that what is written waits
for readers that have never run.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from sendwell.domain.channel import Channel
from sendwell.domain.presets.naming import WHOLE
from sendwell.domain.presets.plain import PRESET as PLAIN
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import ENDS, LogicalStream
from sendwell.ports.bus import Stream
from sendwell.runtime.streams import stream_of

WORK = (LogicalStream.REQUESTED, LogicalStream.ACCEPTED, LogicalStream.TASK)
"""Each message is for one of the processes that read it."""
TRACKER = f"sendwell-{LogicalStream.HISTORY}-tracker"
"""The one service that has to hear all of the history, whatever else runs in it."""


def group_of(work: LogicalStream) -> str:
    """Of a stream of work."""
    return f"sendwell-{work}"


READERS: Mapping[str, str] = {
    **{group_of(work): ENDS[work].reads[0] for work in WORK},
    TRACKER: "tracker",
}
"""Which role reads for a group."""


def history_group(service: str, roles: Collection[str]) -> str:
    """Of a service that keeps copies. All but the tracker's are known to themselves alone: what
    they miss before they have ever run, nobody asks them for.
    """
    return TRACKER if "tracker" in roles else f"sendwell-{LogicalStream.HISTORY}-{service}"


def tasks_apart(preset: Preset) -> Preset:
    """By whose names tasks go to another service: by ours, where requests share the queues.

    The gateway reads those, and must not take tasks that are for who delivers.
    """
    namings = preset.namings
    is_shared = namings[LogicalStream.TASK] == namings[LogicalStream.REQUESTED]
    return replace(PLAIN, partition_by=preset.partition_by) if is_shared else preset


def awaited(
    preset: Preset,
    written: Iterable[LogicalStream],
    channels: Collection[Channel],
    *,
    tasks_by: Preset,
) -> dict[str, list[Stream]]:
    """Of the streams in `written` those that some role of ours reads, by the group that does."""
    seen: set[Stream] = set()
    found: dict[str, list[Stream]] = {}
    streams = set(written)
    for work in (each for each in WORK if each in streams):
        names = tasks_by if work is LogicalStream.TASK else preset
        for share in names.shares(work, channels):
            stream = stream_of(names.physical(work, share))
            if stream not in seen:  # what two share belongs to the first
                seen.add(stream)
                found.setdefault(group_of(work), []).append(stream)
    if LogicalStream.HISTORY in streams:
        found[TRACKER] = [stream_of(preset.physical(LogicalStream.HISTORY, WHOLE))]
    return found
