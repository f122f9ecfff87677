"""A database on a file that is away for a moment, or slow with its answers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Executable, Row

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Unit


class MoodyDatabase(SqliteDatabase):
    """Does not answer as many questions as a test says, and does what it says during each."""

    silences = 0
    refusals = 0
    """As many writes are not taken."""
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        if self.silences:
            self.silences -= 1
            await self._wait()
            raise Unavailable("The database is not there right now.")
        found = await super().rows(statement)
        await self._wait()
        return found

    async def commit(self, unit: Unit, *, is_urgent: bool = False) -> list[Sequence[Any]]:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("The database is not there right now.")
        return await super().commit(unit, is_urgent=is_urgent)

    async def _wait(self) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()
