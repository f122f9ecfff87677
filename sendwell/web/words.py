"""How values read on a page: times, JSON, and the prose of docstrings. Registered as filters."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def clock_time(at: str) -> str:
    """An RFC 3339 time as `2026-11-21 10:15:03.120`; pages say once that times are UTC."""
    return _instant(at).astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


def ago(at: str, now: int) -> str:
    """How long before `now` (microseconds since 1970) something was, or how long until it is."""
    seconds = now / 1e6 - _instant(at).timestamp()
    span = _span(abs(seconds))
    if span is None:
        return "now"
    return f"{span} ago" if seconds > 0 else f"in {span}"


def since(at: str, start: str) -> str:
    """The time between two moments, as exact as is worth knowing: `+120 ms`, `+4.2 s`, `+3 h`."""
    seconds = max(0.0, (_instant(at) - _instant(start)).total_seconds())
    if seconds < 1:
        return f"+{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"+{seconds:.1f} s"
    return f"+{_span(seconds)}"


def pretty(value: Any) -> str:
    """JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def prose(text: str) -> Markup:
    """Plain words with `code` in backticks and blank lines between paragraphs, as HTML."""
    paragraphs = _PARAGRAPHS.split(text.strip())
    return Markup().join(Markup("<p>{}</p>").format(inline(each)) for each in paragraphs)


def inline(text: str) -> Markup:
    """Words with `code` in backticks, as HTML."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped here


def number(value: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def _instant(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _span(seconds: float) -> str | None:
    if seconds < 1:
        return None
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"
