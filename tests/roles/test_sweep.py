"""What nobody will ask for any more is forgotten, and nothing that is still to be done."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.channels import all_channels
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import COUNTER_BITS, ChannelName, NotificationId, Position, TenantId
from sendwell.domain.ledger import Ledger
from sendwell.domain.lifecycle import State
from sendwell.messages.dead import Dead
from sendwell.messages.receipt import Receipt, Said
from sendwell.messages.requested import Requested, To
from sendwell.messages.status import Status
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Unit
from sendwell.ports.deliveries import Found
from sendwell.ports.journal import Entry
from sendwell.roles.delivery.letters import DeadLetters, Narrowed
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.receipts.look import Look
from sendwell.roles.receipts.store import ReceiptStore
from sendwell.roles.receipts.tables import RECEIPT
from sendwell.roles.tracker.service import Tracker
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.sweep import Sweep
from sendwell.runtime.journal.tables import IDEMPOTENCY
from tests.roles.databases import EITHER, either
from tests.roles.open_among import nothing_open, open_are
from tests.services.made import made_file

ACME, OTHER = TenantId("acme"), TenantId("other")
DAY_MS = 86_400_000
DAYS = {"day-5", "day-10", "day-20"}


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
    ("is_open", "left"), [([], {"day-20"}), ([5], {"day-5", "day-20"}), ([5, 10, 20], DAYS)]
)
async def test_what_is_old_is_forgotten_but_for_what_is_open(
    tmp_path: Path, is_open: list[int], left: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendwell.runtime.journal.journal._FORGOTTEN_TOGETHER", 1)
    database = SqliteDatabase(made_file(tmp_path / "journal.sqlite"))
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    await journal.accept([Entry(accepted(day)) for day in (5, 10, 20)])

    forgotten = await journal.forget_before(
        15 * DAY_MS * 1000, open_among=open_are(*(accepted(day).position for day in is_open))
    )

    records = SqlRecords(database)
    found = {name for name in DAYS if await records.find(ACME, NotificationId(name))}
    assert (found, forgotten) == (left, 3 - len(left))
    await database.close()


def entry(number: int, day: int) -> Entry:
    """One with a key, which lies where its number says."""
    request = accepted(day)
    request = msgspec.structs.replace(
        request,
        id=NotificationId(str(number)),
        position=Position(request.position + number),
    )
    return Entry(request, key=bytes([25 * number] * 16), fingerprint=bytes(8))


@pytest.mark.parametrize("together", [1, 3, 100])
async def test_keys_that_no_longer_count_are_forgotten(
    tmp_path: Path, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendwell.runtime.journal.journal._KEYS_TOGETHER", together)
    database = SqliteDatabase(made_file(tmp_path / "journal.sqlite"))
    journal = SqlJournal(
        database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
    )
    await journal.start()
    days = (5, 20, 5, 19, 5, 5, 20, 5, 5, 5)
    entries = [entry(number, day) for number, day in enumerate(days)]
    await journal.accept(entries)

    forgotten = await journal.forget_keys(20 * DAY_MS * 1000)

    rows = await database.rows(select(IDEMPOTENCY.c.position).order_by(IDEMPOTENCY.c.position))
    left = [entries[number].request.position for number in (3, 1, 6)]
    assert (forgotten, [row.position for row in rows]) == (7, left)
    await database.close()


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=20 * DAY_MS * 1000, since=0) as database:
        yield database


def ended(day: int, *, tenant: TenantId, state: State = State.SENT) -> Status:
    request = accepted(day)
    return Status(
        tenant=tenant,
        notification=request.id,
        position=Position(request.position + (tenant == OTHER)),
        part="0.email",
        channel=ChannelName("email"),
        state=state,
        at=request.accepted_at,
        planned_at=request.accepted_at,
    )


async def test_what_is_forgotten_leaves_both_sides_of_the_ledger(database: Database) -> None:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    requests = [accepted(day) for day in (5, 6, 18)]
    others = [msgspec.structs.replace(r, tenant=OTHER, position=r.position + 1) for r in requests]
    await journal.accept([Entry(request) for request in (*requests, *others)])
    await database.commit(journal.planned({ACME: 3, OTHER: 3}))
    dead = ended(6, tenant=ACME, state=State.DEAD)
    own = [ended(5, tenant=ACME), dead, ended(18, tenant=ACME)]
    theirs = [ended(5, tenant=OTHER), ended(18, tenant=OTHER)]  # one of them is lost
    await database.commit(journal.recorded([*own, *theirs]))
    tracker = Tracker(SqlRecords(database), DeliveryStore(database, journal))

    await journal.forget_before(15 * DAY_MS * 1000, open_among=nothing_open)

    assert await tracker.ledger(ACME) == Ledger(accepted=1, sent=1)
    assert await tracker.ledger(OTHER) == Ledger(accepted=2, sent=1)
    await database.commit(journal.planned({ACME: 1}))
    assert (await tracker.ledger(ACME)).difference == 1


async def test_a_sweep_that_cannot_be_done_now_comes_again_later(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "journal.sqlite")
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    asked = asyncio.Event()

    async def held(_: int) -> None:
        asked.set()
        raise Unavailable("Somebody else uses the tables.")

    sweep = Sweep(
        journal,
        SystemClock(),
        retention=timedelta(days=1),
        open_among=nothing_open,
        part=held,
        agreed=None,
    )
    sweeping = asyncio.create_task(sweep.run())
    await asked.wait()
    ended, _ = await asyncio.wait({sweeping}, timeout=0.2)
    sweeping.cancel()

    assert not ended
    await database.close()


class StoppedClock(SystemClock):
    """Stands at the twentieth day."""

    def now(self) -> int:
        return 20 * DAY_MS * 1000


class Unheard:
    """An audit log that keeps nothing."""

    def recorded(self, _: Deed) -> Unit:
        return []


def died(day: int) -> Dead:
    request = accepted(day)
    return Dead(
        tenant=ACME,
        position=request.position,
        notification=request.id,
        part="0.email",
        channel=ChannelName("email"),
        event_type="order",
        lane=2,
        cause="internal",
        code=None,
        text=None,
        provider=None,
        attempt=1,
        at=request.accepted_at,
    )


async def take(database: Database, event: str, day: int, *, is_orphan: bool = False) -> None:
    dead = died(day)
    found = Found(
        ACME, dead.notification, dead.position, dead.part, dead.channel, State.SENT, dead.at
    )
    receipt = Receipt(event, Said.DELIVERED, dead.at)
    store = ReceiptStore(database)
    look = Look(1, "sendgrid", tenant=None, receipt=receipt, taken_at=dead.at)
    await database.commit(store.record(look, None if is_orphan else found, None))


async def test_dead_letters_and_receipts_go_with_what_they_are_about(database: Database) -> None:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    await journal.accept([Entry(accepted(day)) for day in (5, 14, 18)])
    clock = StoppedClock()
    flow, store = Flow(database, clock), ReceiptStore(database)
    letters = DeadLetters(
        database,
        journal,
        flow=flow,
        audit=Unheard(),
        channels=all_channels(),
        work=DeliveryStore(database, journal),
    )
    flow.listen(Dead, letters.on_dead)
    await flow.run([died(day) for day in (5, 14, 18)])
    for day in (5, 14, 18):
        await take(database, f"of day {day}", day)
        await take(database, f"orphan of day {day}", day, is_orphan=True)
    sweep = Sweep(
        journal,
        clock,
        retention=timedelta(days=5),
        open_among=open_are(14 * DAY_MS << COUNTER_BITS),
        part=None,
        agreed=None,
        following=(letters.forget, store.forget),
    )

    await sweep.once()

    page = await letters.page(ACME, Narrowed(), before=None, limit=10)
    receipts = await database.rows(select(RECEIPT.c.event_id))
    assert [letter.notification for letter in page] == ["day-18", "day-14"]
    assert {row.event_id for row in receipts} == {
        "of day 14", "of day 18", "orphan of day 18",
    }  # fmt: skip
