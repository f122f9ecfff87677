"""What it means to render a template version for a channel and a locale."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sendwell.domain.channel import Channel
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to


class Context(StrEnum):
    """Where rendered words will stand; decides how values are escaped and what is refused."""

    LINE = "line"
    """One line, as in a header. Tabs, and line ends that the author wrote, become spaces; line ends
    in a value are refused: they could begin a header of their own."""
    TEXT = "text"
    """Plain text; nothing is escaped."""
    HTML = "html"
    """Markup; every value is escaped for the place it stands in."""
    TEXT_OF_HTML = "text_of_html"
    """Plain text, told from a source that is markup."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an author wrote for one part."""

    text: str
    context: Context = Context.TEXT


@dataclass(frozen=True, slots=True)
class TemplateBody:
    """The sources of a template for one channel and locale."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    title: str | None = None
    body: str | None = None


CONTEXTS: Mapping[str, Context] = {
    "subject": Context.LINE,
    "title": Context.LINE,
    "text": Context.TEXT,
    "body": Context.TEXT,
    "html": Context.HTML,
}
"""The parts that can be rendered."""


class Missing(Invalid):
    """A template reads what its data does not have, or has as null. `names` are dotted."""

    code = "missing_variable"

    def __init__(
        self, message: str, *, names: Iterable[str] = (), flaws: Iterable[Flaw] = ()
    ) -> None:
        super().__init__(message, flaws=tuple(flaws))
        self.names = tuple(names)


def sources(body: TemplateBody, channel: Channel) -> dict[str, Source]:
    """What is to be rendered for the channel, by part.

    Stand-ins are the channel's (`title` for `subject` and so on); a text that nobody wrote is
    told from the HTML. Empty when the body has nothing for this channel.
    """
    written = {part: text for part in CONTEXTS if (text := getattr(body, part))}
    parts = channel.fit(written)
    found = {part: Source(text, CONTEXTS[part]) for part, text in parts.items()}
    if "text" in channel.parts and "text" not in found and body.html:
        found["text"] = Source(body.html, Context.TEXT_OF_HTML)
    return found


def pick_locale(available: Collection[str], wanted: str | None, default: str) -> str | None:
    """The locale to render in: the wanted one, then what it is a kind of, then the default.

    `de-AT` is satisfied by `de-AT`, else by `de`, else by the default locale and what that is a
    kind of (the lookup of RFC 4647). Case and `_` for `-` make no difference. None when nothing
    fits.
    """
    by_tag = {_tag(locale): locale for locale in available}
    tags = (*_kinds_of(wanted or default), *_kinds_of(default))
    return next((by_tag[tag] for tag in tags if tag in by_tag), None)


def locale_of_formats(picked: str, wanted: str | None) -> str:
    """The locale in which dates and numbers stand among words of the picked one.

    The wanted one where it is a kind of that, as `en-GB` of `en`. Else the picked one itself: who
    gets English words because there are no French ones is not to read French dates in them.
    """
    return wanted if wanted and _tag(picked) in _kinds_of(wanted) else picked


def absent(names: Iterable[str], data: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the dotted names that `data` has no value for, in order."""
    value_of = data.get
    lacking = [
        name for name in names if (find(name, data) if "." in name else value_of(name)) is None
    ]
    return tuple(sorted(lacking))


def pointer(name: str) -> str:
    """The JSON Pointer (RFC 6901) of a dotted name in a request."""
    return pointer_to("data", *name.split("."))


def find(name: str, data: Mapping[str, Any]) -> Any:
    """What stands under a dotted name, None for nothing."""
    value: Any = data
    for step in name.split("."):
        value = _under(value, step)
    return value


def _tag(locale: str) -> str:
    return locale.replace("_", "-").lower()


def _kinds_of(locale: str) -> Iterator[str]:
    """`zh-hant-tw`, `zh-hant`, `zh`."""
    tag = _tag(locale)
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def _under(value: Any, step: str) -> Any:
    match value:
        case dict():
            return value.get(step)
        case list() if step.isdigit() and int(step) < len(value):
            return value[int(step)]
        case _:
            return None
