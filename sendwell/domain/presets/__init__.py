"""Presets: the names, ports and policies by which the outside knows our streams; one file each."""

from collections.abc import Mapping
from types import MappingProxyType

from sendwell.domain.errors import NotFound
from sendwell.domain.presets import direct, intents, lanes, plain, tenant
from sendwell.domain.presets.preset import Preset

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        each.name: each
        for each in (plain.PRESET, tenant.PRESET, intents.PRESET, lanes.PRESET, direct.PRESET)
    }
)
"""Every preset by its name; the first one holds where none is chosen."""


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises NotFound, naming those there are."""
    try:
        return PRESETS[name]
    except KeyError:
        raise NotFound(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.") from None
