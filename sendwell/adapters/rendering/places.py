"""Where in a page of HTML a value stands, and what makes it safe there.

Escaping is enough between tags and in quoted attributes. It is not in a link, where `javascript:`
has nothing to escape, nor in a style; there a value has to pass a filter. In scripts, event
handlers, `srcdoc`, unquoted attributes and among the names of a tag nothing makes it safe.

A link is judged by what stands first in it. Where only some of the ways through `if` and `for` have
put words before a value, the page itself notes while it is made whether they came.

A loop is read once, so every round of it has to begin where the first one does.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from sendwell.adapters.rendering.branches import Answers, Branches
from sendwell.adapters.rendering.program import Kind, Program, Segment
from sendwell.domain.errors import Invalid

_LINKS = frozenset(
    {"href", "src", "action", "formaction", "background", "poster", "cite", "longdesc"}
    | {"xlink:href", "data", "manifest", "ping", "srcset"}
)
_META_LINK = re.compile(r"url\s*=\s*['\"]?\s*\Z", re.IGNORECASE)
_ANIMATED = frozenset({"to", "from", "by", "values"})
"""What `set` and `animate` of SVG give to an attribute, which may be a link."""
_YES, _NO, _EITHER = frozenset({True}), frozenset({False}), frozenset({True, False})
_IS_FIRST = "(true|_first)"
_OPENS = Segment(Kind.VALUE, "true|_opens")
_SHUTS = Segment(Kind.VALUE, "false|_opens")
_OPENING = re.compile(r"<(?:(?P<comment>!--)|/?(?P<element>[a-zA-Z][^\s/>]*|\Z))")
_IN_TAG = re.compile(r"(?P<end>>)|(?P<name>[^\s=>/\"']+)(?P<value>\s*=\s*(?P<quote>[\"']?))?")
_UNQUOTED_END = re.compile(r"[\s>]")


class _Mode(Enum):
    CONTENT = auto()
    COMMENT = auto()
    TAG = auto()
    ATTRIBUTE = auto()
    UNQUOTED = auto()
    SCRIPT = auto()
    STYLE = auto()


def guarded(program: Program) -> Program:
    """The program with a filter on each value that escaping alone does not make safe.

    Raises Invalid for a value where nothing does. Tags of HTML are read as they are written, one
    branch after the other.
    """
    segments = list(_guarded(program.segments))
    if not any(_IS_FIRST in segment.code for segment in segments):
        segments = [segment for segment in segments if segment not in (_OPENS, _SHUTS)]
    return program.with_segments(segments, "url", "_first", "_opens", "_style")


def _guarded(segments: Iterable[Segment]) -> Iterator[Segment]:
    page, line = _Page(), 1
    yield _SHUTS
    for segment in segments:
        match segment.kind:
            case Kind.WORDS:
                before = page.begins_link
                page.read(segment.code)
                yield segment
                if page.begins_link != before:
                    yield _OPENS if page.begins_link == _YES else _SHUTS
            case Kind.VALUE:
                guard = page.guard(line + segment.code.count("\n"))
                if guard == "url" and page.begins_link == _EITHER:
                    yield segment.with_guard_where(_IS_FIRST, guard)
                else:
                    yield segment.with_guard(guard) if guard else segment
                if guard == "url":
                    page.begin_link()
                    yield _SHUTS
            case Kind.STATEMENT:
                page.take(segment.code, line + segment.code.count("\n"))
                yield segment
        line += segment.code.count("\n")


class _Round(NamedTuple):
    """Where a round of a loop begins."""

    place: tuple[str, ...]
    may_begin_link: bool


class _Page:
    """A page, as far as it has been read."""

    def __init__(self) -> None:
        self._mode = _Mode.CONTENT
        self._element = ""
        self._attribute = ""
        self._quote = ""
        self._begins = Branches(first=False)
        """Nothing but spaces has been in a link so far."""
        self._rounds: list[_Round | None] = []
        """How the open loops began, the innermost last; None for an `if`, or behind the rounds."""

    @property
    def begins_link(self) -> Answers:
        """Whether a value would be the first in a link, by each of the ways to here."""
        return self._begins.here

    def take(self, statement: str, line: int) -> None:
        """Go on behind the statement. Raises Invalid for a loop that goes on in another place."""
        word = statement.split(maxsplit=1)[0]
        if word in ("else", "endfor"):
            self._end_round(line)
        self._begins.take(statement)
        match word:
            case "for":
                if self._is_link or self._is_refresh:
                    # A later round may come from behind words, or from the beginning of a link.
                    self._begins.here = _EITHER
                self._rounds.append(self._round)
            case "if":
                self._rounds.append(None)
            case "else":
                self._rounds[-1] = None
            case "endif" | "endfor":
                self._rounds.pop()

    def read(self, words: str) -> None:
        if words.strip():
            self._begins.here = _NO
        at = 0
        while at < len(words):
            at = self._read_from(words, at)
        if self._is_refresh and _META_LINK.search(words):
            self._begins.here = _YES

    def begin_link(self) -> None:
        """A value has passed the guard, so that what follows can't change the scheme any more."""
        self._begins.here = _NO

    def guard(self, line: int) -> str | None:
        """The filter that a value needs here, if any."""
        match self._mode:
            case _Mode.STYLE:
                return "_style"
            case _Mode.ATTRIBUTE if self._is_style:
                return "_style"
            case _Mode.CONTENT | _Mode.COMMENT:
                return "url" if True in self.begins_link else None
            case _Mode.ATTRIBUTE if not _is_code(self._attribute):
                return "url" if True in self.begins_link else None
            case _Mode.UNQUOTED:
                why = f"put the value of {self._attribute} in quotes"
            case _Mode.TAG:
                why = "a value can't stand among the names in a tag"
            case _:
                why = "no escaping makes a value safe in a script"
        raise Invalid(f"line {line}: {why}.", code="template_error")

    def _end_round(self, line: int) -> None:
        first, following = self._rounds[-1], self._round
        if first is None:
            return
        if following.place != first.place or following.may_begin_link > first.may_begin_link:
            why = "the loop ends in another place of the page than it began"
            raise Invalid(f"line {line}: {why}. Close in it what it opens.", code="template_error")

    @property
    def _round(self) -> _Round:
        return _Round(self._place, may_begin_link=True in self.begins_link)

    @property
    def _place(self) -> tuple[str, ...]:
        match self._mode:
            case _Mode.CONTENT | _Mode.COMMENT:
                return (self._mode.name,)
            case _Mode.ATTRIBUTE | _Mode.UNQUOTED:
                return (self._mode.name, self._element, self._attribute, self._quote)
            case _:
                return (self._mode.name, self._element)

    @property
    def _is_link(self) -> bool:
        return self._mode is _Mode.ATTRIBUTE and self._attribute in _LINKS

    @property
    def _is_refresh(self) -> bool:
        is_content = self._element == "meta" and self._attribute == "content"
        return self._mode is _Mode.ATTRIBUTE and is_content

    @property
    def _is_style(self) -> bool:
        is_animated = self._element in ("set", "animate") and self._attribute in _ANIMATED
        return self._attribute == "style" or is_animated

    def _read_from(self, words: str, at: int) -> int:
        match self._mode:
            case _Mode.CONTENT:
                return self._read_content(words, at)
            case _Mode.COMMENT:
                return self._leave_at("-->", words, at)
            case _Mode.TAG:
                return self._read_tag(words, at)
            case _Mode.ATTRIBUTE:
                return self._read_attribute(words, at)
            case _Mode.UNQUOTED:
                found = _UNQUOTED_END.search(words, at)
                self._mode = _Mode.TAG if found else _Mode.UNQUOTED
                return found.start() if found else len(words)
            case _Mode.SCRIPT | _Mode.STYLE:
                return self._leave_at(f"</{self._element}", words, at)

    def _read_content(self, words: str, at: int) -> int:
        found = _OPENING.search(words, at)
        if found is None:
            return len(words)
        self._mode = _Mode.COMMENT if found["comment"] else _Mode.TAG
        is_closing = words.startswith("</", found.start())
        self._element = "" if is_closing else (found["element"] or "").lower()
        return found.end()

    def _leave_at(self, end: str, words: str, at: int) -> int:
        found = words.lower().find(end, at)
        if found < 0:
            return len(words)
        self._mode = _Mode.CONTENT
        return found if end.startswith("</") else found + len(end)

    def _read_tag(self, words: str, at: int) -> int:
        found = _IN_TAG.search(words, at)
        if found is None:
            return len(words)
        if found["end"]:
            self._mode = _AFTER_TAG.get(self._element, _Mode.CONTENT)
        elif found["value"] is not None:
            self._attribute, self._quote = found["name"].lower(), found["quote"]
            self._mode = _Mode.ATTRIBUTE if self._quote else _Mode.UNQUOTED
            self._begins.here = _YES if self._is_link else _NO
        return found.end()

    def _read_attribute(self, words: str, at: int) -> int:
        end = words.find(self._quote, at)
        if words[at : end if end >= 0 else None].strip():
            self._begins.here = _NO
        if end < 0:
            return len(words)
        self._begins.here = _NO
        self._mode = _Mode.TAG
        return end + 1


def _is_code(attribute: str) -> bool:
    return attribute.startswith("on") or attribute == "srcdoc"


_AFTER_TAG = {"script": _Mode.SCRIPT, "style": _Mode.STYLE}
