"""CSV: a header that names the columns, and rows (RFC 4180), as spreadsheets write them."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to
from sendwell.roles.users.reading.documents import Document, decode, text_of, wrong

FIELDS = (
    "user_id", "email", "country", "phone", "url", "name", "locale", "timezone", "attributes",
    "preferences",
)  # fmt: skip
"""What a column may be called; then there is attributes.NAME, with :number, :boolean or :json
behind it where the value is no text.
"""
_OBJECTS = frozenset({"attributes", "preferences"})
_ATTRIBUTE = "attributes."
_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"')
_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}


class Column(NamedTuple):
    """What the cells of a column become: a field, or an attribute, read in some way."""

    field: str
    attribute: str | None
    read: Callable[[str, str], Any]


class Table:
    """The rows of one CSV file. A cell that is empty is left out."""

    def __init__(self, delimiter: str, columns: Sequence[Column | None]) -> None:
        self.delimiter = delimiter
        self._columns = columns
        """None for what is not to be imported."""

    @classmethod
    def headed(cls, header: bytes, named: Mapping[str, str]) -> "Table":
        """The table with that first line.

        `named` gives columns the name of a field; an empty one leaves them out. Raises Invalid
        that points at everything that is wrong.
        """
        if header.startswith(_MARKS_OF_UTF_16):
            raise Invalid("The file is UTF-16. Save it as UTF-8.")
        text = text_of(header)
        delimiter = _delimiter_of(text)
        names = [name.strip() for name in _cells(text, delimiter)]
        fields = [named.get(name, name) for name in names]
        if flaws := [*_flaws(names, fields), *_unused(named, names)]:
            raise Invalid(f"The header is wrong. {flaws[0].why}", flaws=flaws)
        return cls(delimiter, [_column(field) if field else None for field in fields])

    def document(self, record: bytes) -> Document:
        """See Format."""
        cells = _cells(text_of(record), self.delimiter)
        if len(cells) != len(self._columns):
            raise wrong("", f"It has {len(cells)} cells, but the header {len(self._columns)}.")
        document: Document = {}
        for column, cell in zip(self._columns, cells, strict=True):
            if column is None or not cell:
                continue
            value = column.read(cell, column.field)
            if column.attribute is None:
                document[column.field] = value
            else:
                document.setdefault("attributes", {})[column.attribute] = value
        return document


def _cells(text: str, delimiter: str) -> list[str]:
    if '"' not in text and "\r" not in text:
        return text.split(delimiter)
    try:
        (cells,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError) as error:
        raise wrong("", _why(str(error))) from error
    return cells


def _why(error: str) -> str:
    if "end of data" in error:
        return "A quoted cell is not closed."
    if "expected after" in error:
        return "Something stands between the closing quote of a cell and the next cell."
    return "A line of it ends in a way that is not understood; use CR LF or LF."


def _delimiter_of(header: str) -> str:
    plain = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=plain.count)


def _flaws(names: Sequence[str], fields: Sequence[str]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for name, field in zip(names, fields, strict=True):
        called = field.partition(":")[0]
        if field and not _is_known(field):
            yield _flaw(
                name, f"There is no field {field!r}. Name the one that it is, or leave it out."
            )
        elif called in seen:
            yield _flaw(name, f"There is more than one column {called!r}.")
        seen |= {called} - {""}
    if "user_id" not in fields:
        yield _flaw("user_id", "There is no column user_id. Name the one that is it.")
    if "attributes" in seen and any(called.startswith(_ATTRIBUTE) for called in seen):
        yield _flaw("attributes", "It can't stand beside columns of single attributes.")


def _unused(named: Mapping[str, str], names: Sequence[str]) -> Iterator[Flaw]:
    return (_flaw(name, f"There is no column {name!r}.") for name in named if name not in names)


def _flaw(column: str, why: str) -> Flaw:
    return Flaw(pointer_to("columns", column), why)


def _is_known(field: str) -> bool:
    if not field.startswith(_ATTRIBUTE):
        return field in FIELDS
    called, _, kind = field.partition(":")
    return len(called) > len(_ATTRIBUTE) and kind in _KINDS


def _column(field: str) -> Column:
    if field in _OBJECTS:
        return Column(field, None, _json)
    if not field.startswith(_ATTRIBUTE):
        return Column(field, None, _text)
    called, _, kind = field.partition(":")
    return Column(called, called.removeprefix(_ATTRIBUTE), _KINDS[kind])


def _text(cell: str, _: str) -> str:
    return cell


def _json(cell: str, field: str) -> Any:
    return decode(cell.encode(), field)


def _number(cell: str, field: str) -> Any:
    if _NUMBER.fullmatch(cell) is None:
        raise wrong(field, "It is no number. Write it as 5 or 2.5.")
    return _json(cell, field)


def _boolean(cell: str, field: str) -> bool:
    if cell not in _BOOLEANS:
        raise wrong(field, "It is neither true nor false.")
    return _BOOLEANS[cell]


_KINDS: Mapping[str, Callable[[str, str], Any]] = {
    "": _text,
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "json": _json,
}
