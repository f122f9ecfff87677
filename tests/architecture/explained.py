"""A SQLite database that keeps the ways that questions have taken."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, Row, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from sendwell.adapters.sql.sqlite import SqliteDatabase


class Explained(SqliteDatabase):
    """One way for each question, as SQLite tells it, step by step."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.ways: list[str] = []

    @property
    def way(self) -> str:
        """That of the last question."""
        return self.ways[-1]

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        assert isinstance(statement, ClauseElement)
        asked = str(
            statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        )
        steps = await super().rows(text(f"EXPLAIN QUERY PLAN {asked}"))
        self.ways.append("; ".join(step.detail for step in steps))
        return await super().rows(statement)
