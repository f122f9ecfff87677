"""What each store has of a person is told, and let go: that, and nothing else."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import (
    COUNTER_BITS,
    ChannelName,
    NotificationId,
    Position,
    TenantId,
    UserId,
)
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from sendwell.ports.database import Database, Write
from sendwell.ports.journal import Entry, Filter
from sendwell.ports.keepers import Item, Keeper, Whom
from sendwell.roles.mailbox.keeping import MailboxKeeper
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.runtime.journal.erasing import JournalKeeper
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.personal import Theirs
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.keepers import Keepers
from sendwell.runtime.outbox import hot
from sendwell.runtime.outbox.keeping import OutboxKeeper
from sendwell.runtime.quarantine.keeping import QuarantineKeeper
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.quarantine.tables import QUARANTINE
from tests.roles.databases import EITHER, either

ACME, OTHER = TenantId("acme"), TenantId("other")
ADA, BOB = UserId("ada"), UserId("bob")
EMAIL = ChannelName("email")
WHOM = Whom(ACME, ADA, ((EMAIL, "Ada@example.org"),))
IDS, CLOCK = SystemIds(), SystemClock()


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
async def journal(database: Database) -> SqlJournal:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return journal


async def accepted(journal: SqlJournal, *to: To, tenant: TenantId = ACME) -> Requested:
    request = Requested(
        id=NotificationId(IDS.notification()),
        tenant=tenant,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="order_shipped",
        lane=2,
        to=to,
        content=Content(text="Your order"),
    )
    await journal.accept([Entry(request)])
    return request


async def ends(_: Sequence[Theirs]) -> Collection[Position]:
    """Nothing is on its way."""
    return ()


async def all_of(keeper: Keeper, whom: Whom = WHOM) -> tuple[int, bool]:
    """Erase step by step; gives how many things went, and whether anything is under way."""
    count, is_busy, after = 0, False, None
    while True:
        step = await keeper.erase(whom, after=after)
        count, is_busy, after = count + step.count, is_busy or step.is_busy, step.after
        if after is None:
            return count, is_busy


async def told_by(keeper: Keeper, whom: Whom = WHOM) -> list[Item]:
    items: list[Item] = []
    after = None
    while True:
        step = await keeper.tell(whom, after=after)
        items += step.items
        after = step.after
        if after is None:
            return items


async def left(database: Database, *requests: Requested) -> list[tuple[To, ...]]:
    records = SqlRecords(database)
    found = [await records.find(each.tenant, each.id) for each in requests]
    return [each.to for each in found if each]


async def test_the_journal_lets_go_of_the_person_wherever_they_are_named(
    database: Database, journal: SqlJournal
) -> None:
    alone = await accepted(journal, To(ADA, email="elsewhere@example.org"))
    among = await accepted(journal, To(BOB), To(ADA))
    bare = await accepted(journal, To(email="ada@EXAMPLE.org"))

    count = await all_of(JournalKeeper(database, stop=ends))

    assert count == (3, False)
    assert await left(database, alone, among, bare) == [(To(),), (To(BOB), To()), (To(),)]
    records = SqlRecords(database)
    of_ada = await records.positions(ACME, Filter(user_id=ADA), before=None, limit=10)
    assert of_ada.positions == []
    of_bob = await records.positions(ACME, Filter(user_id=BOB), before=None, limit=10)
    assert of_bob.positions == [among.position]


async def test_the_journal_keeps_what_is_somebody_elses(
    database: Database, journal: SqlJournal
) -> None:
    others = [
        await accepted(journal, To(BOB, email="ada@example.org")),
        await accepted(journal, To(email="not-ada@example.org")),
        await accepted(journal, To(ADA), tenant=OTHER),
    ]

    count = await all_of(JournalKeeper(database, stop=ends))

    assert count == (0, False)
    assert await left(database, *others) == [each.to for each in others]


async def test_the_journal_finds_every_one_of_many(database: Database, journal: SqlJournal) -> None:
    for _ in range(450):
        await accepted(journal, To(ADA))

    count = await all_of(JournalKeeper(database, stop=ends))

    assert count == (450, False)
    assert await all_of(JournalKeeper(database, stop=ends)) == (0, False)


async def test_what_a_vendor_said_of_their_deliveries_goes_and_how_they_ended_stays(
    database: Database, journal: SqlJournal
) -> None:
    request = await accepted(journal, To(ADA), To(BOB))
    ended = [
        Status(
            ACME, request.id, request.position, f"{place}.email", EMAIL, State.DEAD, at=7,
            code="mailbox_full", text="It said no to somebody.",
        )
        for place in range(2)
    ]  # fmt: skip
    await database.commit(journal.recorded(ended))

    await all_of(JournalKeeper(database, stop=ends))

    outcomes = await SqlRecords(database).outcomes(ACME, [request.position])
    assert sorted((each.part, each.state, each.code, each.text) for each in outcomes) == [
        ("0.email", State.DEAD, "mailbox_full", None),
        ("1.email", State.DEAD, "mailbox_full", "It said no to somebody."),
    ]


async def test_what_is_being_sent_is_let_go_of_once_it_has_come_back(
    database: Database, journal: SqlJournal
) -> None:
    in_flight: set[Position] = set()
    keeper = JournalKeeper(database, stop=lambda _: _answer(in_flight))
    request = await accepted(journal, To(ADA))
    in_flight.add(request.position)

    early = await all_of(keeper)
    in_flight.clear()
    late = await all_of(keeper)

    assert (early, late) == ((0, True), (1, False))
    assert await left(database, request) == [(To(),)]


async def _answer(positions: Collection[Position]) -> Collection[Position]:
    return set(positions)


async def test_the_mailbox_lets_go_of_what_it_caught_for_the_person(database: Database) -> None:
    store = MailboxStore(database)
    for number, (user, address) in enumerate(
        [("ada", "x@example.org"), (None, "ada@example.org"), ("bob", "ada@example.org")]
    ):
        await store.put(an_outgoing(number, user, address), CLOCK.now())
    keeper = MailboxKeeper(store)

    told = await told_by(keeper)
    count = await all_of(keeper)

    assert {item.document["address"] for item in told} == {"x@example.org", "ada@example.org"}
    assert count == (2, False)
    assert await told_by(keeper) == []
    assert len(await told_by(keeper, Whom(ACME, BOB))) == 1


def an_outgoing(number: int, user: str | None, address: str) -> Outgoing:
    return Outgoing(
        key=f"n-{number}.0.email",
        tenant=ACME,
        notification=NotificationId(f"n-{number}"),
        part="0.email",
        channel=EMAIL,
        address=address,
        content=Content(text="Hello"),
        lane=Lane.MEDIUM,
        attempt=1,
        user_id=user,
    )


async def test_the_quarantine_forgets_what_a_message_said_and_keeps_that_it_came(
    database: Database,
) -> None:
    store = QuarantineStore(database)
    bodies = [b'{"user_id":"ada"', b"to=ADA@example.org", b'{"user_id":"adam"}']
    await store.keep([quarantined(body) for body in bodies], tell=lambda *_: None)
    keeper = QuarantineKeeper(database)

    told = await told_by(keeper)
    count = await all_of(keeper)

    assert [item.document["size_bytes"] for item in told] == [len(body) for body in bodies[:2]]
    assert count == (2, False)
    assert await told_by(keeper) == []
    rows = await database.rows(select_quarantine())
    assert [msgspec.json.decode(row.kept, type=Quarantine).body for row in rows] == [
        b"",
        b"",
        bodies[2],
    ]


JOSE = Whom(
    ACME,
    UserId("josé🐝"),
    (
        (EMAIL, "ada+news@example.org"),
        (ChannelName("sms"), "+436641234567"),
        (ChannelName("webhook"), "https://example.org/hooks/ada"),
    ),
)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"phone":"\u002B436641234567"}',
        rb'{"email":"Ada\u002bNews@example.org"',
        rb'{"userId": "jos\u00e9\ud83d\udc1d"}',
        '{"userId": "josé🐝"'.encode(),
        rb'{"url":"https:\/\/example.org\/hooks\/ada"}',
    ],
)
async def test_the_quarantine_forgets_who_is_written_with_escapes(
    database: Database, body: bytes
) -> None:
    beside = [
        rb'{"userId": "jos\u00e9\ud83d"}',
        rb'{"phone":"\u002B43664123456',
        rb"\ud83d \u00 \/",
    ]
    store = QuarantineStore(database)
    await store.keep([quarantined(each) for each in (body, *beside)], tell=lambda *_: None)
    keeper = QuarantineKeeper(database)

    count = await all_of(keeper, JOSE)

    rows = await database.rows(select_quarantine())
    assert count == (1, False)
    assert [msgspec.json.decode(row.kept, type=Quarantine).body for row in rows] == [b"", *beside]


def quarantined(body: bytes) -> Quarantine:
    return Quarantine(
        stream="requests", place=body.hex(), reason=Reason.UNKNOWN_VERSION,
        text="No such version.", pointer="", body=body, headers={}, at=CLOCK.now(), tenant=ACME,
    )  # fmt: skip


def select_quarantine() -> Any:
    return select(QUARANTINE.c.kept).order_by(QUARANTINE.c.id)


@pytest.mark.parametrize(
    ("letter", "age_seconds", "is_busy"),
    [
        (b'acme {"user_id":"ada"}', 10, True),
        (b'acme {"user_id":"ada"}', 0, False),
        (b'acme {"user_id":"bob"}', 10, False),
        (b'other {"user_id":"ada"}', 10, False),
    ],
)
async def test_a_letter_that_names_them_and_that_no_broker_takes_is_waited_for(
    database: Database, letter: bytes, age_seconds: int, *, is_busy: bool
) -> None:
    number = IDS.position() - (age_seconds * 1_000 << COUNTER_BITS)
    await database.commit([Write(hot.put, [(number, 0, letter)])])

    found = await all_of(OutboxKeeper(database, CLOCK))

    assert found == (0, is_busy)


async def test_several_keepers_are_one_that_asks_them_in_turn(
    database: Database, journal: SqlJournal
) -> None:
    await accepted(journal, To(ADA))
    store = MailboxStore(database)
    for number in range(120):
        await store.put(an_outgoing(number, "ada", "ada@example.org"), CLOCK.now())
    together = Keepers(
        {"journal": JournalKeeper(database, stop=ends), "mailbox": MailboxKeeper(store)}
    )

    told = await told_by(together)
    count = await all_of(together)

    assert [item.kind for item in told] == ["mailbox_message"] * 120
    assert count == (121, False)
    assert await all_of(Keepers({})) == (0, False)
    assert await told_by(Keepers({})) == []
