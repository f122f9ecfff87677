"""Data that would break a part of one line, such as a subject: found before it is accepted."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.one_line import ends_of_line
from sendwell.domain.rendering import Missing, Source
from sendwell.domain.template import TemplateVersion
from sendwell.ports.renderer import Renderer
from sendwell.runtime.rendering import lines_of


@dataclass(frozen=True, slots=True)
class Line:
    """A part of one line, in one locale, and the names that it reads."""

    part: str
    source: Source
    locale: str
    names: Collection[str]


Lines = Mapping[ChannelName, Collection[Line]]


def find_lines(renderer: Renderer, version: TemplateVersion) -> Lines:
    """The lines of a version that read anything, by channel."""
    found = {
        channel: [
            Line(part, source, locale, names)
            for locale, body in locales.items()
            for part, source in lines_of(body, channel).items()
            if (names := renderer.reads(source))
        ]
        for channel, locales in version.bodies.items()
    }
    return {channel: lines for channel, lines in found.items() if lines}


def flaws_in_lines(
    renderer: Renderer, lines: Iterable[Line], data: Mapping[str, Any]
) -> list[Flaw]:
    """The values by which these lines would have more than one, or could not be rendered.

    A template may take a line break out, or print a value only sometimes: a line is rendered to
    see that, where the data gives it reason to.
    """
    flaws: dict[str, Flaw] = {}
    for line in lines:
        places = ends_of_line(line.names, data)
        if places and _fails(renderer, line, msgspec.json.encode(data)):
            why = f"must have no line break or control character: it stands in the {line.part}."
            flaws |= {place: Flaw(place, why) for place in sorted(places)}
    return list(flaws.values())


def _fails(renderer: Renderer, line: Line, data: bytes) -> bool:
    try:
        renderer.render({line.part: line.source}, data, locale=line.locale)
    except Missing:
        return False
    except Invalid:
        return True
    return False
