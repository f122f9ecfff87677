"""Header lines: RFC 5322 folding and RFC 2047 encoded words.

Functions give whole lines, CRLF included, and raise Invalid for anything that could end a line
early, so that no value can add a header, a recipient or a body.
"""

import re
from binascii import b2a_base64
from functools import lru_cache

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to

_LINE = 78
"""How long a line should be (RFC 5322 section 2.1.1)."""

_LONGEST_LINE = 998
"""How long a line may be, without CRLF (the same section)."""

ENCODED_LINE = 76
"""How long a line with encoded words may be (RFC 2047 section 2)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(r"[!-9;-~]{1,50}")
"""The length leaves room for an encoded word on the name's line."""

WRITTEN_HERE = frozenset(
    {
        "bcc", "cc", "content-disposition", "content-transfer-encoding", "content-type", "date",
        "from", "message-id", "mime-version", "reply-to", "sender", "subject", "to",
    }
)  # fmt: skip
"""Names (lower case) that an extra header may not have: they say who, whom and in which form."""


def flawed(pointer: str, why: str) -> Invalid:
    """The error for one wrong field of a mail."""
    return Invalid(f"The mail cannot be written: {pointer[1:]} {why}.", flaws=[Flaw(pointer, why)])


def refuse_control(value: str, pointer: str) -> None:
    """Raise Invalid if `value` holds control characters (CR, LF, NUL, …) or lone surrogates."""
    if not value.isprintable() and (found := _CONTROL.search(value)):
        raise flawed(pointer, f"holds the character U+{ord(found[0]):04X}")


def unstructured(name: str, value: str, *, pointer: str) -> str:
    """The line for free text, such as a subject: as it is when it can be, else encoded words."""
    refuse_control(value, pointer)
    if is_plain(value):
        folded = _folded(name, value)
        if len(max(folded, key=len)) <= _LONGEST_LINE:
            return "\r\n".join(folded) + "\r\n"
    return f"{name}:{encoded_words(value, column=len(name) + 1)}\r\n"


def extra(name: str, value: str) -> str:
    """The line for a header that is not ours. ASCII stays ASCII, with one space for many: the value
    may have a grammar (List-Unsubscribe) that encoded words would break.
    """
    pointer = _extra_pointer(name)
    if not value.isascii():
        return unstructured(name, value, pointer=pointer)
    refuse_control(value, pointer)
    folded = _folded(name, " ".join(value.split()))
    if len(max(folded, key=len)) > _LONGEST_LINE:
        raise flawed(pointer, "holds a word too long for a header line")
    return "\r\n".join(folded) + "\r\n"


@lru_cache(maxsize=256)
def _extra_pointer(name: str) -> str:
    """Where the flaws of this header point to, once its name was checked."""
    pointer = pointer_to("headers", name)
    if not _NAME.fullmatch(name):
        raise flawed(pointer, "is no header name")
    if name.lower() in WRITTEN_HERE:
        raise flawed(pointer, "is written from the mail's own fields")
    return pointer


def is_plain(value: str) -> bool:
    """Whether printable ASCII says it all, and nobody will take it for an encoded word.

    White space at the ends or in runs would be lost where the line is folded and unfolded.
    """
    return (
        value.isascii()
        and "=?" not in value
        and "  " not in value
        and value.strip(" ") == value != ""
    )


def _folded(name: str, value: str) -> list[str]:
    """Lines of at most 78 characters where words allow it, broken at spaces, but not right after
    the header's name: several receivers take the header for empty then.
    """
    line = f"{name}: {value}"
    if len(line) <= _LINE:
        return [line]
    first, *words = value.split(" ")
    lines, current = [], f"{name}: {first}"
    for word in words:
        if len(current) + 1 + len(word) > _LINE:
            lines.append(current)
            current = ""
        current += f" {word}"
    return [*lines, current]


def encoded_words(text: str, *, column: int) -> str:
    """` =?utf-8?B?…?=`, as many words as needed, folded, for a place at this column of a line.

    Begins with the space. Words are at most 75 characters long and split between characters,
    never inside one. Always base64: quoted-printable words would save a few bytes in Latin scripts
    at the price of a second code path.
    """
    data = text.encode()
    separator, room = " ", _room(column)
    pieces, start = [], 0
    while start < len(data):
        end = _character_boundary(data, start + room)
        word = b2a_base64(data[start:end], newline=False).decode("ascii")
        pieces.append(f"{separator}=?utf-8?B?{word}?=")
        separator, room, start = "\r\n ", _room(0), end
    return "".join(pieces)


def _room(column: int) -> int:
    """How many bytes an encoded word that follows a space at this column can carry."""
    return (ENCODED_LINE - column - len(" =?utf-8?B??=")) // 4 * 3


_CONTINUATION = range(0b1000_0000, 0b1100_0000)
"""The bytes of a UTF-8 character after its first."""


def _character_boundary(data: bytes, end: int) -> int:
    """The last place at or before `end` where a character of this UTF-8 begins."""
    if end >= len(data):
        return len(data)
    while data[end] in _CONTINUATION:
        end -= 1
    return end
