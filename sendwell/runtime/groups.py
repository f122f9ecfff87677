"""What those who share the reading of a stream are called on the bus.

The names are the same in every process: who writes declares them, so that what is written waits
for readers that have never run.
"""

from collections.abc import Collection

from sendwell.domain.presets.streams import LogicalStream

TRACKER = f"sendwell-{LogicalStream.HISTORY}-tracker"
"""The one service that has to hear all of the history, whatever else runs in it."""


def group_of(work: LogicalStream) -> str:
    """Of a stream whose messages are each for one of the processes that read it."""
    return f"sendwell-{work}"


def history_group(service: str, roles: Collection[str]) -> str:
    """Of a service that keeps copies. All but the tracker's are known to themselves alone: what
    they miss before they have ever run, nobody asks them for.
    """
    return TRACKER if "tracker" in roles else f"sendwell-{LogicalStream.HISTORY}-{service}"
