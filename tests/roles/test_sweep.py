"""What nobody will ask for any more is forgotten, and nothing that is still to be done."""

from datetime import timedelta
from pathlib import Path

import pytest

from sendwell.adapters.sql.migrations import migrate
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import COUNTER_BITS, NotificationId, Position, TenantId
from sendwell.messages.requested import Requested, To
from sendwell.ports.journal import Entry
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords

ACME = TenantId("acme")
DAY_MS = 86_400_000


def accepted(day: int) -> Requested:
    return Requested(
        id=NotificationId(f"day-{day}"),
        tenant=ACME,
        position=Position(day * DAY_MS << COUNTER_BITS),
        accepted_at=day * DAY_MS * 1000,
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
    )


@pytest.mark.parametrize(
    ("but", "left"), [(None, {"day-20"}), (10 * DAY_MS << COUNTER_BITS, {"day-10", "day-20"})]
)
async def test_what_is_old_is_forgotten_up_to_the_oldest_open_work(
    tmp_path: Path, but: int | None, left: set[str]
) -> None:
    database = SqliteDatabase(tmp_path / "journal.sqlite")
    migrate(database.engine, TABLES)
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    await journal.accept([Entry(accepted(day)) for day in (5, 10, 20)])

    forgotten = await journal.forget_before(15 * DAY_MS * 1000, but=but)

    records = SqlRecords(database)
    found = {
        name
        for name in ("day-5", "day-10", "day-20")
        if await records.find(ACME, NotificationId(name))
    }
    assert (found, forgotten) == (left, 3 - len(left))
    await database.close()
