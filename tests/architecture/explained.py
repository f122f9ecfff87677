"""A SQLite database that keeps the ways that questions and changes have taken."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, Row, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.ports.database import Done


class Explained(SqliteDatabase):
    """One way for each question and change, as SQLite tells it, step by step."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.ways: list[str] = []

    @property
    def way(self) -> str:
        """That of the last one."""
        return self.ways[-1]

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        await self._explain(statement)
        return await super().rows(statement)

    async def execute(self, *statements: Executable) -> list[Done]:
        for statement in statements:
            await self._explain(statement)
        return await super().execute(*statements)

    async def _explain(self, statement: Executable) -> None:
        assert isinstance(statement, ClauseElement)
        asked = str(
            statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        )
        steps = await super().rows(text(f"EXPLAIN QUERY PLAN {asked}"))
        self.ways.append("; ".join(step.detail for step in steps))
