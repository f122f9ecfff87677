"""The ledger looks again while it does not add up, unless a look counts very many."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.ids import TenantId
from sendwell.domain.ledger import Ledger
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.tracker.service import Tracker
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.tables import TALLY
from tests.services.made import made_file

ACME = TenantId("acme")


class Counted(SqlRecords):
    """Tells how often it was asked for the counts."""

    looks = 0

    async def counts(self, tenant: TenantId) -> tuple[int, Mapping[str, int]]:
        self.looks += 1
        return await super().counts(tenant)


@pytest.mark.parametrize(("accepted", "looks"), [(0, 1), (1, 4), (1_000_001, 1)])
async def test_a_ledger_that_does_not_add_up_is_read_again_unless_there_are_very_many(
    tmp_path: Path, accepted: int, looks: int
) -> None:
    database = SqliteDatabase(made_file(tmp_path / "all.sqlite"))
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    records = Counted(database)
    await database.execute(insert(TALLY).values(tenant=ACME, node=0, deliveries=accepted))

    ledger = await Tracker(records, DeliveryStore(database, journal)).ledger(ACME)

    assert Ledger(accepted=accepted) == ledger
    assert looks == records.looks
    await database.close()
