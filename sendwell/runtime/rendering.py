"""A template body, rendered for one delivery."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from sendwell.channels import all_channels
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import Source, TemplateBody, sources
from sendwell.messages.requested import Content
from sendwell.ports.renderer import Renderer


def render_parts(
    renderer: Renderer,
    body: TemplateBody,
    data: bytes | Mapping[str, Any],
    *,
    channel: ChannelName,
    locale: str,
) -> Content:
    """Everything the channel uses, rendered at once; raises what `Renderer.render` raises.

    `data` is a JSON object, best as it came; a body without words for the channel is Invalid too.
    """
    parts = _sources(body, channel)
    if not parts:
        raise Invalid(f"The template has no words for {channel}.", code="template_error")
    given = data if isinstance(data, bytes) else msgspec.json.encode(data)
    words = renderer.render(parts, given, locale=locale)
    return Content(
        subject=words.get("subject"),
        text=words.get("text"),
        html=words.get("html"),
        title=words.get("title"),
        body=words.get("body"),
    )


def variables_of(renderer: Renderer, body: TemplateBody, *, channel: ChannelName) -> frozenset[str]:
    """The names that the channel's parts of the body can't do without."""
    return frozenset[str]().union(
        *(renderer.variables(source) for source in _sources(body, channel).values())
    )


@lru_cache(maxsize=1024)
def _sources(body: TemplateBody, channel: ChannelName) -> Mapping[str, Source]:
    """Told once per body: it is the same for everybody who gets it."""
    return sources(body, all_channels()[channel])
