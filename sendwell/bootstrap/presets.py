"""The preset in force."""

from dataclasses import replace

from sendwell.domain.presets import find_preset
from sendwell.domain.presets.preset import Preset
from sendwell.settings import Settings


def preset_of(settings: Settings) -> Preset:
    """The one that was chosen, with what the settings say otherwise."""
    return replace(find_preset(settings.preset), partition_by=settings.partition_by)
