"""Changes tables while processes work on them, without making them wait.

A statement that changes a table waits until nobody uses it, and whoever comes after that waits
behind it. So each try gives up after half a second, lets everybody pass, and comes again.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sendwell.adapters.sql.migration_status import MigrationStatus, refuse_unknown, statuses_of
from sendwell.adapters.sql.migrations import migrate_on
from sendwell.domain.errors import Unavailable

PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.5

_T = TypeVar("_T")
Tell = Callable[[str], None]
"""Hears, for people, why it goes on later."""


class Upkeep(Protocol):
    """One connection to a database. What runs on it commits by itself, and waits for no lock."""

    async def run(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` gives. Raises what it raised."""
        ...

    def is_locked(self, error: DBAPIError) -> bool:
        """Whether it failed because somebody else uses what it needs."""
        ...

    async def holders(self) -> str:
        """Who uses tables for long, for people."""
        ...


async def migration_statuses(upkeep: Upkeep, owners: Mapping[str, Path]) -> list[MigrationStatus]:
    """Where the tables of `owners` stand. Raises Conflict for what another version has made."""
    found = await upkeep.run(lambda connection: statuses_of(connection, owners))
    refuse_unknown(found)
    return found


async def apply(
    upkeep: Upkeep,
    owners: Mapping[str, Path],
    *,
    tell: Tell,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """The tables of `owners` are up to date. Raises as `patiently` does."""
    await patiently(
        upkeep,
        lambda connection: migrate_on(connection, owners),
        tell=tell,
        patience_seconds=patience_seconds,
    )


async def patiently(
    upkeep: Upkeep,
    work: Callable[[Connection], _T],
    *,
    tell: Tell,
    patience_seconds: float = PATIENCE_SECONDS,
) -> _T:
    """Do something that needs tables for itself, as often as it takes. It may be begun again.

    Raises Unavailable, naming who holds them, when it could not be done in that time.
    """
    deadline = time.monotonic() + patience_seconds
    told = False
    while True:
        try:
            return await upkeep.run(work)
        except DBAPIError as error:
            if not upkeep.is_locked(error):
                raise
            if time.monotonic() > deadline:
                raise Unavailable(
                    "The tables could not be changed, for somebody else uses them:"
                    f" {await upkeep.holders()}. End that and come again; what was applied stays."
                ) from error
        if not told:
            tell(f"waits for {await upkeep.holders()}")
            told = True
        await asyncio.sleep(_PAUSE_SECONDS)


@contextmanager
def whole(connection: Connection) -> Iterator[None]:
    """What happens inside happens all or not at all."""
    connection.exec_driver_sql("BEGIN")
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
