"""Which way SQLite takes to what is old: along the rows in their order, no further than it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Table, insert

from sendwell.adapters.sql.migrations import migrate
from sendwell.bootstrap import TABLES
from sendwell.roles.inbox.tables import INBOX_MESSAGE
from sendwell.runtime.ageing import forget_aged
from sendwell.runtime.quarantine.tables import QUARANTINE
from tests.architecture.explained import Explained

IN_APP = {
    "tenant": "acme", "user_id": "user-001", "key": "k", "event_type": "order",
    "notification": "n", "at": 1, "body": b"{}",
}  # fmt: skip
UNREAD = {
    "stream": "requests", "place": "p", "reason": "too_old", "text": "", "pointer": "",
    "at": 1, "kept": b"{}",
}  # fmt: skip


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Explained]:
    database = Explained(tmp_path / "plans.sqlite")
    migrate(database.engine, {owner: TABLES[owner] for owner in ("inbox", "quarantine")})
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("table", "row", "long"),
    [(INBOX_MESSAGE, IN_APP, "body"), (QUARANTINE, UNREAD, "kept")],
    ids=["inbox", "quarantine"],
)
async def test_what_is_old_is_found_and_deleted_in_the_order_of_its_number(
    database: Explained, table: Table, row: dict[str, object], long: str
) -> None:
    await database.execute(insert(table).values(row))
    database.ways.clear()

    forgotten = await forget_aged(database, table, 2, long=table.c[long])

    found = f"SEARCH {table.name} USING INTEGER PRIMARY KEY"
    ways = [f"{found} (rowid>?)", f"{found} (rowid>? AND rowid<?)", f"{found} (rowid>?)"]
    assert (forgotten, database.ways) == (1, ways)
