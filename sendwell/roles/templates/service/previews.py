"""What a version would say to somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sendwell.channels import all_channels
from sendwell.domain.errors import Flaw, Invalid, TooLarge
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import Missing, locale_of_formats, pick_locale, sources
from sendwell.domain.template import TemplateVersion
from sendwell.ports.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Preview:
    """The parts that could be rendered, and what keeps the data from being the others."""

    version: TemplateVersion
    locale: str
    parts: Mapping[str, str]
    missing: Sequence[str]
    flaws: Sequence[Flaw]


def preview(
    renderer: Renderer,
    version: TemplateVersion,
    data: Mapping[str, Any],
    *,
    channel: ChannelName,
    locale: str | None,
) -> Preview:
    """The version rendered for a channel, in the locale or what comes next to it.

    Raises Invalid where the version has no words for the channel, TooLarge where a part becomes too
    large.
    """
    bodies = version.bodies.get(channel, {})
    picked = pick_locale(bodies, locale, version.default_locale)
    if picked is None:
        raise _no_words(version)
    given, formats = msgspec.json.encode(data), locale_of_formats(picked, locale)
    parts: dict[str, str] = {}
    missing: set[str] = set()
    flaws: list[Flaw] = []
    for part, source in sources(bodies[picked], all_channels()[channel]).items():
        try:
            parts |= renderer.render({part: source}, given, locale=formats)
        except Missing as error:
            missing.update(error.names)
        except TooLarge:
            raise
        except Invalid as error:
            flaws.append(Flaw("/data", error.message))
    return Preview(version, picked, parts, sorted(missing), flaws)


def _no_words(version: TemplateVersion) -> Invalid:
    why = f"Version {version.version} has words for {', '.join(version.bodies)} only."
    return Invalid(f"/channel: {why}", flaws=[Flaw("/channel", why)])
