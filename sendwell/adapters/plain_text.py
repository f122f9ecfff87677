"""Plain text told from HTML, for the mail programs and people that want no HTML.

Rows of a table become lines and links are written out behind their words. Nothing is laid out in
columns: values differ in length, and one wide cell would pad thousands of rows.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from sendwell.adapters.rendering.lists import has_numbers_that_vary
from sendwell.adapters.rendering.program import Kind, Program, Segment
from sendwell.domain.errors import Invalid, TooLarge

if TYPE_CHECKING:
    from inscriptis.model.config import ParserConfig

LONGEST_HTML = 256 * 1024
_STANDS_FOR_TAG = 0xF0000
"""The first of 65,534 characters that no text uses: Unicode's private plane 15."""
_MOST_TAGS = 0xFFFE
_GAP = "\ue000"
_STAND_IN = re.compile("[\U000f0000-\U000ffffd]")
_REPEATED_LINK = re.compile(r"(?<!\S)(\S+) \(\1\)")
_BLANK_LINES = re.compile(r"\n{3,}")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def text_of(html: str) -> str:
    """What the page says. Raises TooLarge for a page too long to be told."""
    if len(html) > LONGEST_HTML:
        raise TooLarge(
            f"HTML of more than {LONGEST_HTML} characters is not made into text; give the template"
            " a text.",
            code="template_error",
        )
    from inscriptis import get_text

    try:
        told = get_text(html, _config())
    except (RecursionError, ValueError) as error:
        raise Invalid("The HTML can't be made into text.", code="template_error") from error
    return _BLANK_LINES.sub("\n\n", _tidy(told)).strip()


def text_program(program: Program) -> Program | None:
    """The template of a text, told once from the template of a page instead of once per person.

    Each tag is stood in for by a character. None when a statement got lost or changed its place,
    as when it stood within a tag of HTML, and where it numbers the items of a list: then only the
    finished page can be told.
    """
    tags = [segment for segment in program.segments if segment.kind is not Kind.WORDS]
    if len(tags) > _MOST_TAGS or any(_STAND_IN.search(words.code) for words in program.segments):
        return None
    if has_numbers_that_vary(program):
        return None
    numbers = _numbers(tags)
    told = text_of(_page(program, numbers))
    statements = [number for number in numbers if tags[number].kind is Kind.STATEMENT]
    kept = [number for number in _found(told) if tags[number].kind is Kind.STATEMENT]
    if kept != statements:
        return None
    return program.with_segments(_segments(told, tags))


def _numbers(tags: list[Segment]) -> list[int]:
    """For each tag which one it is; equal values are one, so that a link named by itself shows."""
    first: dict[str, int] = {}
    return [
        first.setdefault(tag.code.strip(), at) if tag.kind is Kind.VALUE else at
        for at, tag in enumerate(tags)
    ]


def _page(program: Program, numbers: list[int]) -> str:
    left = iter(numbers)
    return "".join(
        segment.code if segment.kind is Kind.WORDS else chr(_STANDS_FOR_TAG + next(left))
        for segment in program.segments
    )


def _found(told: str) -> list[int]:
    return [ord(character) - _STANDS_FOR_TAG for character in _STAND_IN.findall(told)]


def _segments(told: str, tags: list[Segment]) -> list[Segment]:
    """The text as segments, with a line that holds only statements joined to the next."""
    depth, segments = 0, []
    for piece in re.split(f"({_STAND_IN.pattern})", _without_empty_lines(told, tags)):
        if _STAND_IN.fullmatch(piece):
            tag = tags[ord(piece) - _STANDS_FOR_TAG]
            depth += _DEEPER.get(tag.code.split(" ", 1)[0], 0) if tag.kind is Kind.STATEMENT else 0
            segments.append(Segment(tag.kind, tag.code.strip(), depth > 0))
        elif piece:
            segments.append(Segment(Kind.WORDS, piece, depth > 0))
    return segments


_DEEPER = {"for": 1, "endfor": -1}


def _without_empty_lines(told: str, tags: list[Segment]) -> str:
    """Lines of statements take no line, so that the blank ones around them fall together."""
    lines, is_blank = [], True
    for line in told.split("\n"):
        if _holds_only_statements(line, tags):
            lines.append(line.strip())
        elif line or not is_blank:
            lines.append(f"{line}\n")
            is_blank = not line
    return "".join(lines).removesuffix("\n")


def _holds_only_statements(line: str, tags: list[Segment]) -> bool:
    words = _STAND_IN.sub("", line).strip()
    found = _found(line)
    return bool(found) and not words and all(tags[at].kind is Kind.STATEMENT for at in found)


def _tidy(told: str) -> str:
    lines = (
        line.replace(f" {_GAP} ", "  ").replace(_GAP, " ").rstrip() for line in told.split("\n")
    )
    return "\n".join(_REPEATED_LINK.sub(r"\1", line) for line in lines)


@cache
def _config() -> "ParserConfig":
    """How inscriptis is to tell a page. Imported late: 5 MiB, only where a text is told."""
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement
    from inscriptis.model.tag import CustomHtmlTagHandlerMapping

    block, hidden = HtmlElement(display=Display.block), HtmlElement(display=Display.none)
    # No list is indented: a hundred in each other would be a hundred times as long.
    css = {**STRICT_CSS_PROFILE, "template": hidden}
    css |= dict.fromkeys(("table", "tr", "caption", "hr", "ul", "ol"), block)
    ends: dict[str, Any] = {"a": _end_link, "td": _end_cell, "th": _end_cell, "table": _nothing}
    starts: dict[str, Any] = {"a": _begin_link}
    starts |= dict.fromkeys(("table", "tr", "td", "th"), _nothing)
    config = ParserConfig(
        css=css, custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(starts, ends)
    )
    config.attribute_handler = _Attributes()
    return config


class _Attributes:
    """The one style that matters; others could ask for a margin of a million lines."""

    def apply_attributes(self, attributes: Any, html_element: Any) -> Any:
        from inscriptis.html_properties import Display

        if "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")):
            html_element.display = Display.none
        return html_element


def _nothing(_state: Any, _attributes: Any = None) -> None:
    """No layout of tables."""


def _end_cell(state: Any) -> None:
    state.tags[-1].write(f" {_GAP} ")


def _begin_link(state: Any, attributes: Any) -> None:
    state.link_target = attributes.get("href", "")


def _end_link(state: Any) -> None:
    if state.link_target and not state.link_target.startswith("#"):
        state.tags[-1].write(f" ({state.link_target})")
    state.link_target = ""
