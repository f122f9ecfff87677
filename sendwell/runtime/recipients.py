"""Whom deliveries are to, read by the database from the names of their parts."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, func, true

from sendwell.ports.database import Database
from sendwell.runtime.among import among


def is_to(
    part: ColumnElement[str], recipients: Collection[int] | None, on: Database
) -> ColumnElement[bool]:
    """Whether a delivery is to one of these recipients of its notification; None: to anybody.

    A notification may have a thousand: whoever is meant is not sought among them here.
    """
    if recipients is None:
        return true()
    return among(_recipient(part, on), [str(each) for each in sorted(recipients)], on)


def _recipient(part: ColumnElement[str], on: Database) -> ColumnElement[Any]:
    if on.dialect == "postgresql":
        return func.split_part(part, ".", 1, type_=String())
    return func.substr(part, 1, func.instr(part, ".") - 1, type_=String())
