"""JSON Schemas of what a preset's producers write and what others read, made from the structs."""

from typing import Any

import msgspec

from sendwell.messages.wire.events import EVENTS
from sendwell.messages.wire.requests import CONTRACTS

Schema = dict[str, Any]


def schemas(preset: str, *, place: str = "#/$defs/{name}") -> dict[str, Schema]:
    """The schemas of a preset by name; they refer to one another at `place`."""
    structs = (CONTRACTS[preset].message, EVENTS[preset])
    _, made = msgspec.json.schema_components(structs, ref_template=place)
    return dict(sorted(made.items()))
