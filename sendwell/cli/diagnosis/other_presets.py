"""What waits on the bus by the names of another preset: it was written before that was changed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sendwell.cli.diagnosis.finding import Finding, note

if TYPE_CHECKING:
    from sendwell.domain.presets.preset import Preset
    from sendwell.ports.bus import Bus, Stream


async def look_at_other_presets(bus: "Bus", preset: "Preset") -> list[Finding]:
    """Each stream that nobody reads, and nobody will by this preset, where something waits for a
    group of ours that has read there before. Raises Unavailable.
    """
    findings: list[Finding] = []
    for group, known in _elsewhere(preset).items():
        for stream in await bus.begun([*known], group=group):
            waiting = await bus.lag([stream], group=group)
            if waiting and not await bus.members(stream, group=group):
                findings.append(_told(f"{waiting:,} wait on {stream.name}", known[stream], preset))
    return findings


def _told(what: str, presets: Sequence[str], preset: "Preset") -> Finding:
    named = " or ".join(f"PRESET={each}" for each in presets)
    return note(
        "bus",
        f"{what}, which is read with {named} and not with {preset.name}.",
        f"Let a process with {named} run on this database until nothing waits there, and let"
        " producers write by the names that `sendwell topics` prints now.",
    )


def _elsewhere(preset: "Preset") -> Mapping[str, Mapping["Stream", list[str]]]:
    """By group, the streams that it reads by other presets only, and by which."""
    from sendwell.domain.presets import PRESETS

    here = {(group, stream.name) for group, stream in _read(preset)}
    found: dict[str, dict[Stream, list[str]]] = {}
    for other in PRESETS.values():
        for group, stream in _read(other):
            if (group, stream.name) not in here:
                found.setdefault(group, {}).setdefault(stream, []).append(other.name)
    return found


def _read(preset: "Preset") -> list[tuple[str, "Stream"]]:
    """All that processes may read by it, whichever roles share them."""
    from sendwell.channels import all_channels
    from sendwell.runtime.groups import WORK, awaited, tasks_apart

    channels = all_channels().values()
    ways = [awaited(preset, WORK, channels, tasks_by=by) for by in (preset, tasks_apart(preset))]
    read = ((group, stream) for way in ways for group, own in way.items() for stream in own)
    return list(dict.fromkeys(read))
