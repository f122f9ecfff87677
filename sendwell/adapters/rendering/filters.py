"""The filters and tests of the template language that don't depend on the locale.

All are ours, since minijinja's own are bounded by nothing: `format` writes a gigabyte at once. What
looks at more than one character is paid for before it is done. Each takes null, which is also how
a variable that is absent comes in, for missing, unless it says otherwise.
"""

import operator
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from sendwell.adapters.rendering.meter import Meter
from sendwell.domain.errors import Invalid
from sendwell.domain.rendering import Missing

_BIGGEST = 2**63
_LISTS = (list, dict)
_SAFE_URL = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x20\x7f]+", re.IGNORECASE)
_SAFE_STYLE = re.compile(r"[#\w.%, +-]*")
_ESCAPED_LENGTH = 12  # four bytes of UTF-8, three characters each
_ITEM = 8  # an item of a list costs as much time as so many characters
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lteq": operator.le,
    "gt": operator.gt, "gteq": operator.ge, "in": lambda value, found: value in found,
    "notin": lambda value, found: value not in found,
}  # fmt: skip


class _Link(threading.local):
    """The link that the render of this thread is in."""

    is_empty = False


class Filters:
    """The functions behind the names, for one meter."""

    def __init__(self, meter: Meter) -> None:
        self._spend = meter.spend
        self._link = _Link()

    def text(self, value: Any) -> str:
        """The value as it would be printed."""
        if isinstance(value, str):
            self._spend(len(value))
            return value
        if isinstance(value, _LISTS):
            raise Invalid("A list can't be printed; go through it or use join.", code=_CODE)
        if not isinstance(value, int | float):  # null, or what minijinja found on a list instead
            raise Missing("There is no value.")
        return str(value)

    def upper(self, value: Any) -> str:
        """In capital letters."""
        return self.text(value).upper()

    def lower(self, value: Any) -> str:
        """In small letters."""
        return self.text(value).lower()

    def capitalize(self, value: Any) -> str:
        """The first letter a capital, the others small."""
        return self.text(value).capitalize()

    def title(self, value: Any) -> str:
        """Each word with a capital."""
        return self.text(value).title()

    def trim(self, value: Any) -> str:
        """Without the spaces at both ends."""
        return self.text(value).strip()

    def truncate(self, value: Any, length: int = 255, end: str = "…") -> str:
        """At most that many characters, cut between words where possible, with `end` as sign."""
        text = self.text(value)
        if len(text) <= length:
            return text
        room = max(0, length - len(end))
        head, space, _ = text[: room + 1].rpartition(" ")
        return (head if space else text[:room]) + self.text(end)

    def replace(self, value: Any, old: str, new: str) -> str:
        """With `new` wherever `old` was."""
        text = self.text(value)
        self._spend(text.count(old) * len(new))
        return text.replace(old, new)

    def urlencode(self, value: Any) -> str:
        """Fit to stand in the path or the query of a URL."""
        text = self.text(value)
        self._spend(len(text) * _ESCAPED_LENGTH)
        return quote(text, safe="")

    def lines(self, value: Any) -> list[str]:
        """The list of its lines, to put <br> between them."""
        return self.text(value).splitlines()

    def join(self, value: Any, separator: str = "") -> str:
        """All of a list in one text."""
        self._spend(len(separator) * self.length(value))
        return separator.join([self.text(item) for item in value])

    def length(self, value: Any) -> int:
        """How many characters, or how many in the list."""
        if value is None:
            raise Missing("There is no value.")
        if not isinstance(value, str | list | dict):
            raise Invalid("This takes a list or a text.", code=_CODE)
        self._spend(len(value) if isinstance(value, str) else len(value) * _ITEM)
        return len(value)

    def first(self, value: Any) -> Any:
        """The first of a list."""
        return self._at(value, 0)

    def last(self, value: Any) -> Any:
        """The last of a list."""
        return self._at(value, -1)

    def sort(self, value: Any, attribute: str | None = None, reverse: bool = False) -> list[Any]:
        """The list in order, by a field of its items if one is named."""
        self.length(value)
        field = _field_of(attribute)
        return sorted(value, key=lambda item: self._scalar(field(item)), reverse=bool(reverse))

    def total(self, value: Any, attribute: str | None = None) -> int | float:
        """The numbers of a list, or of a field of its items, all together."""
        self.length(value)
        return _bounded(sum(_number(item) for item in map(_field_of(attribute), value)))

    def pairs(self, value: Any) -> list[Any]:
        """The pairs of name and value, to go through a dict."""
        self.length(value)
        return list(value.items())

    def default(self, value: Any, other: Any = "", for_empty: bool = False) -> Any:
        """`other` in place of what is absent or null, and with `true` of what is empty, too."""
        return other if value is None or (for_empty and not value) else value

    def rounded(self, value: Any, decimals: int = 0) -> float:
        """To so many decimals. To print a number, `number` is better."""
        return round(float(_number(value)), decimals)

    def whole(self, value: Any) -> int:
        """The whole number in it."""
        return int(_number(self._parsed(value)))

    def decimal(self, value: Any) -> float:
        """The number that a text holds."""
        return float(_number(self._parsed(value)))

    def magnitude(self, value: Any) -> int | float:
        """Without its sign."""
        return abs(_number(value))

    def url(self, value: Any) -> str:
        """The value, if it is a link that nobody need fear: http, https, mailto or tel.

        Any other scheme runs code (`javascript:`, `data:`) or leads to where no mail should. In
        the attributes of HTML that take a link this filter is there by itself.
        """
        text = self.text(value).strip()
        if _SAFE_URL.fullmatch(text) is None:
            raise Invalid("A link begins with https:, http:, mailto: or tel:.", code=_CODE)
        return text

    def opens(self, is_empty: bool) -> str:
        """Nothing; notes whether a link begins here, or words stand in it by now."""
        self._link.is_empty = is_empty
        return ""

    def is_first(self, _: Any) -> bool:
        """Whether no words stand in the link so far."""
        return self._link.is_empty

    def style(self, value: Any) -> str:
        """The value, if it is a plain one of CSS, like a colour; by itself there in styles."""
        text = self.text(value)
        if _SAFE_STYLE.fullmatch(text) is None:
            raise Invalid("A style takes names, numbers and colours only.", code=_CODE)
        return text

    def concat(self, *values: Any) -> str:
        """What `~` makes."""
        return "".join([self.text(value) for value in values])

    def plus(self, value: Any, other: Any) -> int | float:
        """What `+` makes: numbers only."""
        return _bounded(_number(value) + _number(other))

    def times(self, value: Any, other: Any) -> int | float:
        """What `*` makes: numbers only."""
        return _bounded(_number(value) * _number(other))

    def compare(self, value: Any, name: str, other: Any) -> bool:
        """What `==`, `<`, `in` and so on say of two variables."""
        if name in ("in", "notin"):
            self.length(other)
        else:
            self._scalar(other)
        return bool(_COMPARE[name](self._scalar(value), other))

    def fields(self, value: Any) -> "Fields":
        """What is under it, without its methods."""
        if value is None:
            raise Missing("There is no value.")
        return Fields(value)

    def _scalar(self, value: Any) -> Any:
        """A value whose comparison takes no time; a list in a list in a list may take very long."""
        if value is None:
            raise Missing("There is nothing to compare.")
        if isinstance(value, _LISTS):
            raise Invalid("Lists can't be compared.", code=_CODE)
        self._spend(len(value) if isinstance(value, str) else 1)
        return value

    def _at(self, value: Any, index: int) -> Any:
        if not self.length(value) or isinstance(value, dict):
            raise Missing("The list is empty.")
        return value[index]

    def _parsed(self, value: Any) -> Any:
        return float(self.text(value)) if isinstance(value, str) else value


class Fields:
    """A dict or a list with nothing to be found in it but its values."""

    __slots__ = ("_values",)

    def __init__(self, values: Any) -> None:
        self._values = values

    def __getitem__(self, key: Any) -> Any:
        match self._values, key:
            case dict(), str():
                return self._values[key]
            case list(), int():
                return self._values[key]
            case _:
                raise KeyError(key)


_CODE = "template_error"


def _number(value: Any) -> int | float:
    if value is None:
        raise Missing("There is no number.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid("This takes numbers.", code=_CODE)
    return value


def _bounded(number: float) -> int | float:
    """The number; without end, multiplying could fill the memory with its digits."""
    if not -_BIGGEST < number < _BIGGEST:
        raise Invalid("The number is too big.", code=_CODE)
    return number


def _field_of(attribute: str | None) -> Callable[[Any], Any]:
    return (lambda item: item) if attribute is None else operator.itemgetter(attribute)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": Filters.magnitude,
    "capitalize": Filters.capitalize,
    "default": Filters.default,
    "first": Filters.first,
    "float": Filters.decimal,
    "int": Filters.whole,
    "items": Filters.pairs,
    "join": Filters.join,
    "last": Filters.last,
    "length": Filters.length,
    "lines": Filters.lines,
    "lower": Filters.lower,
    "replace": Filters.replace,
    "round": Filters.rounded,
    "sort": Filters.sort,
    "sum": Filters.total,
    "title": Filters.title,
    "trim": Filters.trim,
    "truncate": Filters.truncate,
    "upper": Filters.upper,
    "url": Filters.url,
    "urlencode": Filters.urlencode,
}
"""What an author can name."""

INTERNAL: Mapping[str, Callable[..., Any]] = {
    "_concat": Filters.concat,
    "_plus": Filters.plus,
    "_times": Filters.times,
    "_compare": Filters.compare,
    "_fields": Filters.fields,
    "_first": Filters.is_first,
    "_opens": Filters.opens,
    "_style": Filters.style,
}
"""What the grammar writes."""

GROWING = frozenset({"_concat", "join", "replace", "truncate", "urlencode"})
"""Those whose result can be longer than what they are given."""

TESTS: Mapping[str, Callable[..., bool]] = {
    "odd": lambda value: _number(value) % 2 == 1,
    "even": lambda value: _number(value) % 2 == 0,
    "divisibleby": lambda value, by: _number(value) % _number(by) == 0,
}

FORMATS = frozenset({"money", "number", "percent", "date", "time", "datetime"})
"""Those that depend on the locale, in `locale_formats.py`."""
