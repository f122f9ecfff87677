"""Words for a notification that came with neither template nor content.

A developer who has just begun, or a producer that knows only the contract of the preset `tenant`,
still gets a message that says what happened.
"""

from collections.abc import Mapping
from typing import Any


def title_of(event_type: str) -> str:
    """The event type as a title: `USER_REGISTERED` becomes `User registered`."""
    words = event_type.replace("_", " ").replace("-", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:].lower() if words else "Notification"


def text_of(event_type: str, data: Mapping[str, Any]) -> str:
    """The title and a line for each plain value of the data."""
    lines = [
        f"{title_of(name)}: {value}"
        for name, value in data.items()
        if isinstance(value, str | int | float)
    ]
    return "\n".join([title_of(event_type), "", *lines] if lines else [title_of(event_type)])


_LONGEST_SUBJECT = 78  # RFC 5322 2.1.1: what every mail program shows of a line


def subject_of(event_type: str, text: str | None) -> str:
    """A subject where nobody wrote one: the beginning of the text, else what has happened."""
    first = next((line.strip() for line in (text or "").splitlines() if line.strip()), "")
    printable = "".join(letter if letter.isprintable() else " " for letter in first)
    if not printable.strip():
        return title_of(event_type)
    if len(printable) <= _LONGEST_SUBJECT:
        return printable
    return f"{printable[: _LONGEST_SUBJECT - 1]}…"
