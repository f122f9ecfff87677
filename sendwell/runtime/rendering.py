"""A template body, rendered for one delivery."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from sendwell.channels import all_channels
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import Context, Source, TemplateBody, sources
from sendwell.messages.requested import Content
from sendwell.ports.renderer import Renderer


def prepare_parts(
    renderer: Renderer, body: TemplateBody, *, channel: ChannelName, locale: str
) -> Callable[[bytes], Content]:
    """Everything the channel uses, to be rendered at once from a JSON object.

    Raises what `Renderer.prepare` raises; a body without words for the channel is Invalid too, and
    so is what comes out longer than the channel takes.
    """
    parts = _sources(body, channel)
    if not parts:
        raise Invalid(f"The template has no words for {channel}.", code="template_error")
    render = renderer.prepare(parts, locale=locale)
    require_room = all_channels()[channel].require_room

    def content(data: bytes) -> Content:
        rendered = render(data)
        require_room(rendered)
        words = rendered.get
        return Content(
            words("text"), words("subject"), words("html"), words("title"), words("body")
        )

    return content


def variables_of(renderer: Renderer, body: TemplateBody, *, channel: ChannelName) -> frozenset[str]:
    """The names that the channel's parts of the body can't do without."""
    return frozenset[str]().union(
        *(renderer.variables(source) for source in _sources(body, channel).values())
    )


def lines_of(body: TemplateBody, channel: ChannelName) -> Mapping[str, Source]:
    """Those of the channel's parts of the body that must be one line each."""
    parts = _sources(body, channel)
    return {part: each for part, each in parts.items() if each.context is Context.LINE}


@lru_cache(maxsize=1024)
def _sources(body: TemplateBody, channel: ChannelName) -> Mapping[str, Source]:
    """Told once per body: it is the same for everybody who gets it."""
    return sources(body, all_channels()[channel])
