"""How much is read from a database at once."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sendwell.ports.database import Database


class Reads:
    """How many bytes were read, each time."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    @classmethod
    def of(cls, database: Database, monkeypatch: pytest.MonkeyPatch) -> "Reads":
        """Of this database, from now on."""
        reads = cls()
        monkeypatch.setattr(database, "rows", reads._watched(database.rows))
        return reads

    def _watched(self, rows: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def watched(question: Any) -> Any:
            found = await rows(question)
            values = (value for row in found for value in row)
            self.sizes.append(sum(len(value) for value in values if isinstance(value, bytes)))
            return found

        return watched
