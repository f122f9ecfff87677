"""Many rows in one PostgreSQL statement: columns travel as arrays and come out of `unnest`.

To be called inside an operation only, where SQLAlchemy's greenlet can wait for asyncpg.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.util import await_only

from sendwell.ports.database import driver


def fetch(connection: Connection, text: str, *arguments: Any) -> list[Any]:
    """Run one statement; gives its rows."""
    rows: list[Any] = await_only(driver(connection).fetch(text, *arguments))
    return rows


def execute(connection: Connection, text: str, *arguments: Any) -> int:
    """Run one statement; gives how many rows it inserted or changed."""
    status: str = await_only(driver(connection).execute(text, *arguments))
    return int(status.rpartition(" ")[2])


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows turned into columns."""
    return [list(column) for column in zip(*rows, strict=True)]
