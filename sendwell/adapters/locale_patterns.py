"""Fast writers for the number and date patterns of a locale, each held against Babel's own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import TypeVar

from babel import Locale
from babel.dates import DateTimePattern, parse_pattern

from sendwell.domain.errors import Invalid

T = TypeVar("T", contravariant=True)
Writer = Callable[[T], str]

_SAMPLE = Decimal(987654321)
_FRACTION = Decimal("0.123456789")
_SEEN = re.compile(r"(?P<prefix>\D*)(?P<core>\d.*\d)(?P<suffix>\D*)", re.DOTALL)
_PROBES = tuple(
    Decimal(sign + text)
    for sign in ("", "-")
    for text in (
        "0", "0.004", "0.005", "0.015", "0.5", "0.995", "1", "1.5", "12.345678", "999.995",
        "1000", "1234.5", "9999.99", "10000", "99999.999", "100000", "1234567.891",
        "987654321012345.6",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _NumberShape:
    """What stands around the digits, what between them, and how many follow the point."""

    before: str
    after: str
    before_negative: str
    after_negative: str
    group: str
    point: str
    spec: str
    is_indian: bool
    """Digits stand in groups of two beyond the thousand: 12,34,567."""
    scale: int
    drops_zeros: bool

    def write(self, value: Decimal) -> str:
        digits = format(value.scaleb(self.scale) if self.scale else value, self.spec)
        if digits[0] == "-":
            return f"{self.before_negative}{self._marked(digits[1:])}{self.after_negative}"
        return f"{self.before}{self._marked(digits)}{self.after}"

    def _marked(self, digits: str) -> str:
        """The digits with the locale's marks instead of `,` and `.`."""
        if self.drops_zeros:
            digits = digits.rstrip("0").rstrip(".")
        if self.is_indian:
            digits = _in_indian_groups(digits)
        return digits.replace(".", "\0").replace(",", self.group).replace("\0", self.point)


_INDIAN_COMMA = re.compile(r"(?<=\d)(?=(?:\d\d)+\d$)")


def _in_indian_groups(digits: str) -> str:
    whole, point, fraction = digits.replace(",", "").partition(".")
    return f"{_INDIAN_COMMA.sub(',', whole)}{point}{fraction}"


def number_writer(
    reference: Writer[Decimal], *, scale: int = 0, drops_zeros: bool = False
) -> Writer[Decimal]:
    """A writer that gives what `reference` gives, for numbers below 10^16.

    It is the reference itself where the locale writes anything that a sample does not show.
    """
    shape = _number_shape(reference, scale=scale, drops_zeros=drops_zeros)
    if shape is None or any(shape.write(probe) != reference(probe) for probe in _PROBES):
        return reference
    return shape.write


def _number_shape(
    reference: Writer[Decimal], *, scale: int, drops_zeros: bool
) -> _NumberShape | None:
    sample = (_SAMPLE + (_FRACTION if drops_zeros else 0)).scaleb(-scale)
    plus, minus = _SEEN.fullmatch(reference(sample)), _SEEN.fullmatch(reference(-sample))
    if plus is None or minus is None or plus["core"] != minus["core"]:
        return None
    groups, marks = re.split(r"\D+", plus["core"]), re.findall(r"\D+", plus["core"])
    decimals = sum(map(len, groups)) - len(str(_SAMPLE))
    return _NumberShape(
        before=plus["prefix"],
        after=plus["suffix"],
        before_negative=minus["prefix"],
        after_negative=minus["suffix"],
        group=marks[0] if marks else "",
        point=marks[-1] if marks else "",
        spec=f",.{decimals}f",
        is_indian=groups[:2] == ["98", "76"],
        scale=scale,
        drops_zeros=drops_zeros and decimals > 0,
    )


def date_writer(pattern: DateTimePattern, locale: Locale) -> Writer[datetime]:
    """A writer that gives what Babel's `pattern` gives. It raises Invalid when that is none."""
    texts = _FIELD.split(pattern.format)
    fields = [text[2:-2] for text in texts[1::2]]
    if not fields or not _NUMBERS.keys() | _NAMES.keys() >= set(fields):
        return _slow(pattern, locale)
    spec = "".join(_spec(text) for text in texts)
    if _NUMBERS.keys() >= set(fields):
        numbers = attrgetter(*(_NUMBERS[field][1] for field in fields))
        return lambda moment: spec % numbers(moment)
    pieces = tuple(_piece(field, locale) for field in fields)
    return lambda moment: spec % tuple([piece(moment) for piece in pieces])


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


def _spec(text: str) -> str:
    """One field, or the words between two, for the operator %."""
    if _FIELD.fullmatch(text) is None:
        return text
    return _NUMBERS[text[2:-2]][0] if text[2:-2] in _NUMBERS else "%s"


def _piece(field: str, locale: Locale) -> Callable[[datetime], object]:
    return attrgetter(_NUMBERS[field][1]) if field in _NUMBERS else _named(field, locale)


def _named(field: str, locale: Locale) -> Writer[datetime]:
    """The names are Babel's: each month, weekday or hour is asked for once."""
    reference, number = _slow(parse_pattern(field), locale), _NAMES[field]
    names = {number(moment): reference(moment) for moment in _samples()}
    return lambda moment: names[number(moment)]


def _samples() -> Sequence[datetime]:
    """Every month, weekday and hour, and every year of a century."""
    months = [_MONDAY.replace(month=month) for month in range(1, 13)]
    days = [_MONDAY + timedelta(days=day) for day in range(7)]
    hours = [_MONDAY.replace(hour=hour) for hour in range(24)]
    return [*months, *days, *hours, *(_MONDAY.replace(year=year) for year in range(2000, 2100))]


def _slow(pattern: DateTimePattern, locale: Locale) -> Writer[datetime]:
    def write(moment: datetime) -> str:
        try:
            return str(pattern.apply(moment, locale))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Invalid(
                f"{pattern.pattern!r} is no pattern for a date.", code="template_error"
            ) from error

    return write
