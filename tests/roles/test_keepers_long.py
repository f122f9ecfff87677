"""Of things as long as a message may be, who looks for one person in them reads few at once."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta

import msgspec
import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import (
    COUNTER_BITS,
    ChannelName,
    NotificationId,
    Position,
    TenantId,
    UserId,
)
from sendwell.messages.requested import Requested, To
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from sendwell.ports.database import Database, Write
from sendwell.ports.journal import Entry
from sendwell.ports.keepers import Item, Keeper, Whom
from sendwell.runtime.journal.erasing import JournalKeeper
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.personal import Theirs
from sendwell.runtime.outbox import hot
from sendwell.runtime.outbox.keeping import OutboxKeeper
from sendwell.runtime.portion import MOST_BYTES
from sendwell.runtime.quarantine.keeping import QuarantineKeeper
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from tests.roles.databases import EITHER, either
from tests.roles.reads import Reads

ACME, ADA = TenantId("acme"), UserId("ada")
WHOM = Whom(ACME, ADA, ((ChannelName("email"), "ada@example.org"),))
LONG = MOST_BYTES * 2 // 5
"""Two of these are read at once, also in base64."""
CLOCK, IDS = SystemClock(), SystemIds()


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
def reads(database: Database, monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads.of(database, monkeypatch)


async def accept(database: Database, recipients: Sequence[To]) -> None:
    """A long notification to each of them."""
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    for to in recipients:
        request = Requested(
            id=NotificationId(IDS.notification()), tenant=ACME, position=Position(IDS.position()),
            accepted_at=CLOCK.now(), event_type="order", lane=2, to=(to,),
            metadata=msgspec.Raw(b'{"a":"%b"}' % (b"x" * LONG)),
        )  # fmt: skip
        await journal.accept([Entry(request)])


async def none_is_in_flight(_: Sequence[Theirs]) -> Collection[Position]:
    return ()


async def show(theirs: Theirs) -> Item:
    return Item("notification", {"id": theirs.request.id})


async def told_by(keeper: Keeper) -> int:
    count, after = 0, None
    while True:
        step = await keeper.tell(WHOM, after=after)
        count, after = count + len(step.items), step.after
        if after is None:
            return count


async def erased_by(keeper: Keeper) -> tuple[int, bool]:
    count, is_busy, after = 0, False, None
    while True:
        step = await keeper.erase(WHOM, after=after)
        count, is_busy, after = count + step.count, is_busy or step.is_busy, step.after
        if after is None:
            return count, is_busy


@pytest.mark.parametrize(
    ("recipients", "theirs"),
    [
        ([To(email=f"bob-{number}@example.org") for number in range(5)], 0),
        ([To(email="bob@example.org")] * 4 + [To(email="Ada@example.org")], 1),
        ([To(email="ada@example.org")] * 5, 5),
        ([To(user_id=ADA)] * 5, 5),
    ],
)
async def test_of_long_notifications_only_a_few_are_read_at_once(
    database: Database, reads: Reads, recipients: Sequence[To], theirs: int
) -> None:
    await accept(database, recipients)
    keeper = JournalKeeper(database, stop=none_is_in_flight, tell=show)

    told = await told_by(keeper)
    erased = await erased_by(keeper)

    assert (theirs, (theirs, False)) == (told, erased)
    assert 0 == await told_by(keeper)
    assert LONG < max(reads.sizes) <= MOST_BYTES


async def test_of_long_quarantined_messages_only_a_few_are_read_at_once(
    database: Database, reads: Reads
) -> None:
    body = b"ada@example.org" + b"x" * (LONG * 3 // 4)
    kept = [
        Quarantine(
            stream="requests", place=str(place), reason=Reason.MALFORMED_JSON,
            text="No JSON.", pointer="", body=body, headers={}, at=CLOCK.now(), tenant=ACME,
        )
        for place in range(5)
    ]  # fmt: skip
    await QuarantineStore(database).keep(kept, tell=lambda *_: None)
    keeper = QuarantineKeeper(database)

    told = await told_by(keeper)
    erased = await erased_by(keeper)

    assert (5, (5, False)) == (told, erased)
    assert 0 == await told_by(keeper)
    assert LONG < max(reads.sizes) <= MOST_BYTES


@pytest.mark.parametrize(("last", "is_busy"), [(b'"ada"', True), (b'"bob"', False)])
async def test_of_long_letters_only_a_few_are_read_at_once(
    database: Database, reads: Reads, last: bytes, *, is_busy: bool
) -> None:
    names = [b'"bob"'] * 4 + [last]
    first = IDS.position() - (10_000 << COUNTER_BITS)
    letters = [
        (first + number, 0, b"acme " + name + b"x" * LONG) for number, name in enumerate(names)
    ]
    await database.commit([Write(hot.put, letters)])

    found = await erased_by(OutboxKeeper(database, CLOCK))

    assert (0, is_busy) == found
    assert LONG < max(reads.sizes) <= MOST_BYTES
