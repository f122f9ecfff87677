"""A column against a list whose length differs from question to question."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, bindparam

from sendwell.ports.database import Database


def among(column: ColumnElement[Any], values: Iterable[Any], on: Database) -> ColumnElement[bool]:
    """Whether the column holds one of the values.

    On PostgreSQL all are one parameter. Written out one by one, a list of each length would be a
    statement of its own, to be compiled here and prepared there.
    """
    if on.dialect == "postgresql":
        return column == any_(bindparam(None, list(values), ARRAY(column.type)))
    return column.in_(values)
