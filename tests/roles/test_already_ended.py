"""What has ended is not begun again: the unit that would fails, on either database."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.errors import Conflict
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.runtime.journal.journal import SqlJournal
from tests.roles.databases import EITHER, either

CLOCK, IDS = SystemClock(), SystemIds()
ENDED, OPEN = Position(IDS.position()), Position(IDS.position())
MANY = [Position(IDS.position()) for _ in range(700)]


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
async def journal(database: Database) -> SqlJournal:
    """One in which the e-mail of a notification has ended."""
    window = timedelta(hours=24)
    journal = SqlJournal(database, idempotency_window=window, receipts_by_reference=frozenset())
    sent = Status(
        tenant=TenantId("acme"),
        notification=NotificationId("first"),
        position=ENDED,
        part="0.email",
        channel=ChannelName("email"),
        state=State.SENT,
        at=CLOCK.now(),
    )
    await database.commit(journal.recorded([sent]))
    return journal


async def test_a_delivery_that_has_ended_is_not_begun_again(
    journal: SqlJournal, database: Database
) -> None:
    others = [(position, "0.email") for position in MANY]
    others += [(ENDED, "0.sms"), (OPEN, "0.email")]

    await database.commit(journal.unless_ended(others))
    await database.commit(journal.unless_ended([]))

    with pytest.raises(Conflict):
        await database.commit(journal.unless_ended([*others, (ENDED, "0.email")]))


async def test_a_notification_is_not_planned_again_where_any_of_it_has_ended(
    journal: SqlJournal, database: Database
) -> None:
    await database.commit(journal.unless_any_ended([*MANY, OPEN]))
    await database.commit(journal.unless_any_ended([]))

    with pytest.raises(Conflict):
        await database.commit(journal.unless_any_ended([*MANY, OPEN, ENDED]))
