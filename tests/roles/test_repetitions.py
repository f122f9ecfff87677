"""Which keys and ids are known is asked without claiming any, on either database."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import COUNTER_BITS, NotificationId, Position, TenantId
from sendwell.messages.requested import Content, Requested, To
from sendwell.ports.database import Database
from sendwell.ports.journal import Acceptance, Claim, Entry
from sendwell.runtime.journal.journal import SqlJournal
from tests.roles.databases import EITHER, either

ACME, OTHER = TenantId("acme"), TenantId("other")
CLOCK, IDS = SystemClock(), SystemIds()
KEY, BODY = b"k" * 16, b"f" * 8
WINDOW = timedelta(hours=24)
FIRST = NotificationId("first")


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
async def journal(database: Database) -> SqlJournal:
    """One that has accepted `first`, with a key, an id of its producer's and this body."""
    journal = SqlJournal(database, idempotency_window=WINDOW, receipts_by_reference=frozenset())
    await journal.start()
    await journal.accept([Entry(a_request(FIRST), KEY, BODY, is_named=True)])
    return journal


def a_request(name: NotificationId) -> Requested:
    return Requested(
        id=name,
        tenant=ACME,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="order",
        lane=2,
        to=(To(email="ada@example.org"),),
        content=Content(text="Your order"),
    )


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (Claim(ACME, KEY, BODY, None), Acceptance(FIRST, is_duplicate=True)),
        (Claim(ACME, KEY, b"o" * 8, None), Acceptance(FIRST, is_duplicate=True, is_other=True)),
        (Claim(ACME, None, b"", FIRST), Acceptance(FIRST, is_duplicate=True)),
        (Claim(ACME, b"n" * 16, BODY, FIRST), Acceptance(FIRST, is_duplicate=True)),
        (Claim(ACME, KEY, BODY, NotificationId("new")), Acceptance(FIRST, is_duplicate=True)),
        (Claim(ACME, b"n" * 16, BODY, NotificationId("new")), None),
        (Claim(OTHER, KEY, BODY, FIRST), None),
    ],
)
async def test_who_repeats_something_is_told_what(
    journal: SqlJournal, claim: Claim, said: Acceptance | None
) -> None:
    strange = Claim(OTHER, b"s" * 16, BODY, NotificationId("strange"))

    found = await journal.repeated([claim, strange], at=Position(IDS.position()))

    assert found == ({} if said is None else {claim: said})


async def test_a_key_that_no_longer_counts_is_not_known(journal: SqlJournal) -> None:
    later = IDS.position() + ((WINDOW // timedelta(milliseconds=1) + 1_000) << COUNTER_BITS)
    claim = Claim(ACME, KEY, BODY, None)

    assert await journal.repeated([claim], at=Position(later)) == {}


async def test_asking_takes_nothing(journal: SqlJournal) -> None:
    new = NotificationId("new")
    await journal.repeated([Claim(ACME, b"n" * 16, BODY, new)], at=Position(IDS.position()))

    said = await journal.accept([Entry(a_request(new), b"n" * 16, BODY, is_named=True)])

    assert said == [Acceptance(new)]
