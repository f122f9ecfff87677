"""Where in a page of HTML a value stands, and what makes it safe there.

Escaping is enough between tags and in quoted attributes. It is not in a link, where `javascript:`
has nothing to escape, nor in a style; there a value has to pass a filter. In scripts, event
handlers, `srcdoc`, unquoted attributes and among the names of a tag nothing makes it safe.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto

from sendwell.adapters.rendering.program import Kind, Program, Segment
from sendwell.domain.errors import Invalid

_LINKS = frozenset(
    {"href", "src", "action", "formaction", "background", "poster", "cite", "longdesc"}
    | {"xlink:href", "data", "manifest", "ping", "srcset"}
)
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

    Raises Invalid for a value where nothing does. Branches are read one after the other, as they
    are written.
    """
    return program.with_segments(_guarded(program.segments), "url", "_style")


def _guarded(segments: Iterable[Segment]) -> Iterator[Segment]:
    page, line = _Page(), 1
    for segment in segments:
        match segment.kind:
            case Kind.WORDS:
                page.read(segment.code)
                yield segment
            case Kind.VALUE:
                guard = page.guard(line + segment.code.count("\n"))
                yield segment.with_guard(guard) if guard else segment
            case Kind.STATEMENT:
                yield segment
        line += segment.code.count("\n")


class _Page:
    """A page, as far as it has been read."""

    def __init__(self) -> None:
        self._mode = _Mode.CONTENT
        self._element = ""
        self._attribute = ""
        self._quote = ""
        self._is_fresh = False
        """Nothing but values and spaces has been in the attribute so far."""

    def read(self, words: str) -> None:
        at = 0
        while at < len(words):
            at = self._read_from(words, at)

    def guard(self, line: int) -> str | None:
        """The filter that a value needs here, if any."""
        match self._mode:
            case _Mode.CONTENT | _Mode.COMMENT:
                return None
            case _Mode.STYLE:
                return "_style"
            case _Mode.ATTRIBUTE if self._attribute == "style":
                return "_style"
            case _Mode.ATTRIBUTE if not _is_code(self._attribute):
                return "url" if self._is_fresh and self._attribute in _LINKS else None
            case _Mode.UNQUOTED:
                why = f"put the value of {self._attribute} in quotes"
            case _Mode.TAG:
                why = "a value can't stand among the names in a tag"
            case _:
                why = "no escaping makes a value safe in a script"
        raise Invalid(f"line {line}: {why}.", code="template_error")

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
            self._is_fresh = True
            self._mode = _Mode.ATTRIBUTE if self._quote else _Mode.UNQUOTED
        return found.end()

    def _read_attribute(self, words: str, at: int) -> int:
        end = words.find(self._quote, at)
        if words[at : end if end >= 0 else None].strip():
            self._is_fresh = False
        if end < 0:
            return len(words)
        self._mode = _Mode.TAG
        return end + 1


def _is_code(attribute: str) -> bool:
    return attribute.startswith("on") or attribute == "srcdoc"


_AFTER_TAG = {"script": _Mode.SCRIPT, "style": _Mode.STYLE}
