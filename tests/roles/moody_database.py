"""A database on a file that is away for a moment."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Row

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.errors import Unavailable


class MoodyDatabase(SqliteDatabase):
    """Does not answer as many questions as a test says."""

    silences = 0

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        if self.silences:
            self.silences -= 1
            raise Unavailable("The database is not there right now.")
        return await super().rows(statement)
