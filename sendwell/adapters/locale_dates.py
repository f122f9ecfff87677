"""Writes dates and times as Babel does in a locale, without asking Babel each time."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from babel import Locale
from babel.dates import DateTimePattern, parse_pattern

Writer = Callable[[datetime], str]
"""Raises ValueError when its pattern is none."""

_FIELD = re.compile(r"(%\([A-Za-z]+\)s)")

_NUMBERS: Mapping[str, tuple[str, str]] = {
    "y": ("%d", "year"),
    "yyyy": ("%04d", "year"),
    "M": ("%d", "month"),
    "MM": ("%02d", "month"),
    "d": ("%d", "day"),
    "dd": ("%02d", "day"),
    "H": ("%d", "hour"),
    "HH": ("%02d", "hour"),
    "mm": ("%02d", "minute"),
    "ss": ("%02d", "second"),
}
"""Fields that are an attribute of the moment."""

_NAMES: Mapping[str, Callable[[datetime], int]] = {
    **dict.fromkeys(("MMM", "MMMM", "LLL", "LLLL"), lambda moment: moment.month),
    **dict.fromkeys(("E", "EEE", "EEEE", "cccc"), lambda moment: moment.weekday()),
    **dict.fromkeys(("a", "h", "hh"), lambda moment: moment.hour),
    "yy": lambda moment: moment.year % 100,
}
"""Fields that have a name for each value of a number."""

_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def date_writer(pattern: DateTimePattern, locale: Locale) -> Writer:
    """A writer that gives what Babel's `pattern` gives; rare fields it asks Babel for."""
    texts = _FIELD.split(str(pattern.format))
    fields = [text[2:-2] for text in texts[1::2]]
    if not fields or not _NUMBERS.keys() | _NAMES.keys() >= set(fields):
        return _asking(pattern, locale)
    spec = "".join(_spec(text) for text in texts)
    if _NUMBERS.keys() >= set(fields):
        numbers = attrgetter(*(_NUMBERS[field][1] for field in fields))
        return lambda moment: spec % numbers(moment)
    pieces = tuple(_piece(field, locale) for field in fields)
    return lambda moment: spec % tuple([piece(moment) for piece in pieces])


def _spec(text: str) -> str:
    """One field, or the words between two, for the operator %."""
    if _FIELD.fullmatch(text) is None:
        return text
    return _NUMBERS[text[2:-2]][0] if text[2:-2] in _NUMBERS else "%s"


def _piece(field: str, locale: Locale) -> Callable[[datetime], object]:
    return attrgetter(_NUMBERS[field][1]) if field in _NUMBERS else _named(field, locale)


def _named(field: str, locale: Locale) -> Writer:
    """The names are Babel's: it is asked for each once."""
    asking, number = _asking(parse_pattern(field), locale), _NAMES[field]
    names = {number(moment): asking(moment) for moment in _samples()}
    return lambda moment: names[number(moment)]


def _samples() -> Sequence[datetime]:
    """Every month, weekday and hour, and every year of a century."""
    months = [_MONDAY.replace(month=month) for month in range(1, 13)]
    days = [_MONDAY + timedelta(days=day) for day in range(7)]
    hours = [_MONDAY.replace(hour=hour) for hour in range(24)]
    return [*months, *days, *hours, *(_MONDAY.replace(year=year) for year in range(2000, 2100))]


def _asking(pattern: DateTimePattern, locale: Locale) -> Writer:
    def write(moment: datetime) -> str:
        try:
            return str(pattern.apply(moment, locale))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a pattern") from error

    return write
