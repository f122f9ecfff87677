"""A template that has passed the grammar."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

_LONGEST_LOOPED = 1024
_OPENS_TAG = re.compile(r"\{(?=[{%#]|\Z)")
_LINE_ENDS = re.compile(r"\s*\n\s*")


class Kind(Enum):
    """What a segment is."""

    WORDS = auto()
    VALUE = auto()
    STATEMENT = auto()


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a template: words as they are, the expression of a value, or a whole statement."""

    kind: Kind
    code: str
    is_looped: bool = False

    def with_guard(self, guard: str) -> "Segment":
        """The value, passed through one more filter."""
        return Segment(self.kind, f"({self.code}|{guard})", self.is_looped)

    def with_guard_where(self, condition: str, guard: str) -> "Segment":
        """The value, passed through one more filter where the condition holds."""
        code = f"(({self.code}|{guard}) if {condition} else {self.code.lstrip()})"
        return Segment(self.kind, code, self.is_looped)

    def on_one_line(self) -> "Segment":
        """The words with every line end made a space."""
        if self.kind is not Kind.WORDS:
            return self
        return Segment(self.kind, _LINE_ENDS.sub(" ", self.code), self.is_looped)

    @property
    def is_heavy(self) -> bool:
        """Words so long that a loop could build far too much of them unseen by the meter."""
        return self.kind is Kind.WORDS and self.is_looped and len(self.code) > _LONGEST_LOOPED


@dataclass(frozen=True, slots=True)
class Program:
    """The segments in order, and what the engine has to know of them."""

    segments: tuple[Segment, ...]
    filters: frozenset[str]
    tests: frozenset[str]
    optional: frozenset[str]
    """Dotted names that it asks for with `is defined` or `default`."""
    literals: int
    """The length of all strings in its expressions."""
    grows: bool
    """It can make a value that is longer than what it was given."""
    may_show_method: bool
    """It asks for a field that on a list would be one of Python's methods."""

    @property
    def source(self) -> str:
        """What minijinja gets."""
        return "".join(_written(segment) for segment in self.segments)

    @property
    def needs_meter(self) -> bool:
        """What it makes can't be bounded by its fuel alone."""
        return self.grows or any(segment.is_heavy for segment in self.segments)

    def with_segments(self, segments: Iterable[Segment], *more_filters: str) -> "Program":
        """The same program, saying something else."""
        filters = self.filters.union(more_filters)
        return replace(self, segments=tuple(segments), filters=filters)


def quoted(text: str) -> str:
    """The text as a string literal of minijinja."""
    return '"' + text.translate(_ESCAPES) + '"'


_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\"} | {
    code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)
}


def _written(segment: Segment) -> str:
    match segment.kind:
        case Kind.VALUE:
            return f"{{{{ {segment.code} }}}}"
        case Kind.STATEMENT:
            return f"{{% {segment.code} %}}"
        case Kind.WORDS if segment.is_heavy:
            return f"{{{{ {quoted(segment.code)}|safe }}}}"
        case Kind.WORDS:
            # A brace at the end of words could open a tag together with what comes next.
            return _OPENS_TAG.sub('{{ "{" }}', segment.code)
