"""A table as both databases know it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sendwell.domain.ids import COUNTER_BITS

_DAY = 86_400_000 << COUNTER_BITS
"""As a distance between positions."""

ONLY_ON_POSTGRES: Mapping[tuple[str, str], str] = {
    ("idempotency", "day"): f"position/{_DAY}",  # its partitions are days
}
"""Columns that a file does not have, and what they are there."""

Row = tuple[Any, ...]


class Column(NamedTuple):
    """A column's name, and its type on PostgreSQL."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's columns as on PostgreSQL, and what a row's key is in the file and there.

    The file's key is part of the other one: partitions have their time in it.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    wide_key: tuple[str, ...]

    def row(self, values: Sequence[Any]) -> Row:
        """What stands in the file, as PostgreSQL gives it: SQLite's booleans are numbers."""
        return tuple(
            bool(value) if column.type == "boolean" and value is not None else value
            for column, value in zip(self.columns, values, strict=True)
        )

    def key_of(self, row: Row) -> Row:
        """Its key in the file."""
        return self._some(self.key, row)

    def wide_key_of(self, row: Row) -> Row:
        """Its key on PostgreSQL."""
        return self._some(self.wide_key, row)

    def types(self, names: Sequence[str]) -> list[str]:
        """The types of these columns."""
        by_name = dict(self.columns)
        return [by_name[name] for name in names]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all columns."""
        return tuple(column.name for column in self.columns)

    def _some(self, names: Sequence[str], row: Row) -> Row:
        places = {name: place for place, name in enumerate(self.names)}
        return tuple(row[places[name]] for name in names)
