"""A template as the flow sees it: immutable versions with one body a channel and locale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import TemplateBody


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One published version. `bodies` maps channel, then locale, to the sources."""

    code: str
    version: int
    bodies: Mapping[ChannelName, Mapping[str, TemplateBody]]
    default_locale: str = "en"
    schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of the data; empty: anything."""
