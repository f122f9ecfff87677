"""Words that must be one line, as in a header, where a line end could begin another one."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sendwell.domain.pointer import pointer_to
from sendwell.domain.rendering import find, pointer

_ENDS_LINE = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_NEXT, _LINE, _PARAGRAPH = (sign.encode() for sign in "\x85\u2028\u2029")
"""With DEL those that JSON takes as they are; all others have to be escaped in it."""
_ESCAPED = re.compile(rb"\\(?:[bfnr]|u00[01]|u007[fF]|u0085|u202[89])")
"""Most escapes are letters beyond ASCII, or quotation marks, and end nothing."""


def flaw_in_line(words: str) -> str | None:
    """Why rendered words can't be one line."""
    if _ENDS_LINE.search(words) is None:
        return None
    return "A value brings a line break or a control character, and this must be one line."


def may_end_line(json: bytes) -> bool:
    """Whether a value in some JSON may end a line. False is certain, and found in no time."""
    if b"\x7f" in json or (b"\\" in json and _ESCAPED.search(json)):
        return True
    return not json.isascii() and (_NEXT in json or _LINE in json or _PARAGRAPH in json)


def ends_of_line(names: Collection[str], data: Mapping[str, Any]) -> set[str]:
    """Pointers to all strings under these dotted names that can't stand in one line."""
    return {
        place
        for name in names
        if not any(longer.startswith(f"{name}.") for longer in names)
        for place in _ends(find(name, data), pointer(name))
    }


def _ends(value: Any, place: str) -> Iterator[str]:
    match value:
        case str() if _ENDS_LINE.search(value):
            yield place
        case list():
            for number, item in enumerate(value):
                yield from _ends(item, place + pointer_to(number))
        case dict():
            for name, item in value.items():
                yield from _ends(item, place + pointer_to(name))
