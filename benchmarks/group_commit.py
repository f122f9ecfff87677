"""The bare way to write durably: natural group commit, many rows a statement, one writer.

The floors stand on this; it is written apart from the product on purpose, with none of its rules.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.batches import Notification, Outcome
from benchmarks.group_commit_postgres import PostgresWriter
from benchmarks.group_commit_sqlite import SqliteWriter


class Writer(Protocol):
    """Takes rows from the loop and calls back in the loop once they are on disk."""

    def write(
        self,
        notifications: Sequence[Notification],
        outcomes: Sequence[Outcome],
        then: Callable[[], None],
        *,
        is_urgent: bool = False,
    ) -> None:
        """Hand rows in; `then` is called in the loop when they are on disk."""
        ...

    async def close(self) -> None:
        """What was handed in is on disk, and nothing is open any more."""
        ...


async def open_writer(place: str) -> Writer:
    """A writer into new, empty tables: in a SQLite file, or at the URL of a PostgreSQL."""
    if place.startswith("postgresql:"):
        return await PostgresWriter.opened(place)
    return SqliteWriter(Path(place))
