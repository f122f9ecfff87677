"""Lists are narrowed before they are cut, wherever the deliveries stand, and by person also where
they were named beside others."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Requested, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.database import Database, Write
from sendwell.ports.journal import Entry, Filter
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.tracker.service import Tracker
from sendwell.runtime.copies import hot
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.copies.rows import OpenRow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.tables import RECIPIENT
from tests.roles.databases import EITHER, either
from tests.roles.open_among import nothing_open

ACME, OTHER = TenantId("acme"), TenantId("other")
ADA, BOB, EVE = UserId("ada"), UserId("bob"), UserId("eve")
EMAIL, SMS = ChannelName("email"), ChannelName("sms")
CLOCK, IDS = SystemClock(), SystemIds()
MANY = 7


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
async def house(database: Database) -> "House":
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return House(database, journal)


class House(NamedTuple):
    database: Database
    journal: SqlJournal

    async def accept(
        self,
        *people: UserId,
        id_: str | None = None,
        event_type: str = "order",
        tenant: TenantId = ACME,
    ) -> Requested:
        request = Requested(
            id=NotificationId(id_ or IDS.notification()),
            tenant=tenant,
            position=Position(IDS.position()),
            accepted_at=CLOCK.now(),
            event_type=event_type,
            lane=2,
            to=tuple(map(To, people)),
        )
        await self.journal.accept([Entry(request, is_named=id_ is not None)])
        return request

    async def hold(self, request: Requested, *places: int, is_copy: bool = False) -> None:
        """Email to these recipients waits, here or in another service."""
        if is_copy:
            rows = [
                OpenRow(
                    request.position, f"{place}.email", request.tenant, EMAIL, "HELD", at=1,
                    planned_at=1, claimed_at=0, due=2, attempt=0, provider=None, rule=None,
                )
                for place in places
            ]  # fmt: skip
            await self.database.commit([Write(hot.put_open, rows)])
            return
        tasks = [
            Task(
                request=request, part=f"{place}.email", recipient=place, channel=EMAIL,
                planned_at=1, state=State.HELD, work=IDS.position(),
            )
            for place in places
        ]  # fmt: skip
        await self.database.commit(DeliveryStore(self.database, self.journal).put(tasks, epoch=1))

    async def end(
        self, request: Requested, place: int, state: State, *, by: ChannelName = EMAIL
    ) -> None:
        status = Status(request.tenant, request.id, request.position, f"{place}.{by}", by, state, 1)
        await self.database.commit(self.journal.recorded([status]))

    async def page(
        self, *, before: Position | None = None, limit: int = 50, **by: str | int
    ) -> list[str]:
        """The ids of the page that is asked for so."""
        found = await self.tracker().page(ACME, Filter(**by), before=before, limit=limit)  # type: ignore[arg-type]
        return [each.request.id for each in found.shown]

    async def pages(self, narrowed: Filter, *, stretch: int) -> list[list[str]]:
        """The ids of all pages, each sought among so many."""
        tracker, pages = self.tracker(stretch), list[list[str]]()
        before: Position | None = Position(2**63 - 1)
        while before is not None:
            found = await tracker.page(ACME, narrowed, before=before, limit=50)
            pages.append([each.request.id for each in found.shown])
            before = found.last
        return pages

    def tracker(self, stretch: int = 100) -> Tracker:
        work = OpenCopies(self.database, DeliveryStore(self.database, self.journal))
        return Tracker(SqlRecords(self.database, stretch=stretch), work)


@pytest.mark.parametrize("is_copy", [False, True], ids=["here", "in another service"])
async def test_what_is_held_for_a_person_is_found_behind_that_of_many_others(
    house: House, is_copy: bool
) -> None:
    request = await house.accept(ADA, event_type="rare")
    await house.hold(request, 0, is_copy=is_copy)
    others = [await house.accept(BOB) for _ in range(MANY)]
    for other in others:
        await house.hold(other, 0, is_copy=is_copy)

    assert [request.id] == await house.page(status="HELD", user_id=ADA, limit=1)
    assert [request.id] == await house.page(channel="email", user_id=ADA, limit=1)
    assert [request.id] == await house.page(status="HELD", event_type="rare", limit=1)
    assert [request.id] == await house.page(channel="email", event_type="rare", limit=1)
    assert [] == await house.page(status="HELD", channel="sms", user_id=ADA)
    assert [] == await house.page(status="PENDING", user_id=ADA)
    assert [] == await house.page(status="HELD", user_id=ADA, event_type="order")
    assert [others[-1].id, others[-2].id] == await house.page(status="HELD", limit=2)
    assert [request.id] == await house.page(status="HELD", before=others[0].position)


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "ended"])
async def test_times_narrow_a_list_before_it_is_cut(house: House, is_open: bool) -> None:
    day = 86_400_000_000
    request = await house.accept(ADA)
    await (house.hold(request, 0) if is_open else house.end(request, 0, State.DEAD))
    state = "HELD" if is_open else "DEAD"

    for by in ({"user_id": ADA}, {"event_type": "order"}, {}):
        assert [request.id] == await house.page(
            status=state, since=request.accepted_at - day, until=request.accepted_at + day, **by
        )
        assert [] == await house.page(status=state, since=request.accepted_at + day, **by)
        assert [] == await house.page(status=state, until=request.accepted_at - day, **by)


async def test_of_a_notification_to_several_the_deliveries_to_the_person_count(
    house: House,
) -> None:
    request = await house.accept(*[EVE] * 10, BOB, ADA)
    await house.end(request, 10, State.DEAD)
    await house.end(request, 11, State.SENT)
    await house.hold(request, 1)

    assert [request.id] == await house.page(user_id=ADA, status="SENT")
    assert [request.id] == await house.page(user_id=BOB, status="DEAD", channel="email")
    assert [request.id] == await house.page(user_id=EVE, status="HELD", event_type="order")
    assert [request.id] == await house.page(user_id=BOB, channel="email")
    assert [] == await house.page(user_id=ADA, status="DEAD")
    assert [] == await house.page(user_id=BOB, status="HELD")
    assert [] == await house.page(user_id=EVE, status="DEAD")


async def test_pages_of_a_person_follow_each_other_whoever_else_is_named(house: House) -> None:
    requests = [
        await house.accept(*to) for to in ((ADA,), (ADA, BOB), (BOB, EVE), (EVE, ADA), (ADA,))
    ]
    theirs = [requests[number] for number in (4, 3, 1, 0)]
    await house.accept(ADA, BOB, tenant=OTHER)

    first = await house.page(user_id=ADA, limit=2)
    rest = await house.page(user_id=ADA, before=theirs[1].position)

    assert [each.id for each in theirs] == first + rest
    assert [] == await house.page(user_id=ADA, event_type="rare")


async def test_only_what_is_to_several_takes_rows_for_its_people_and_each_once(
    house: House,
) -> None:
    await house.accept(ADA)
    await house.accept(ADA, BOB, id_="both")
    await house.accept(ADA, EVE, id_="both")
    request = await house.accept(BOB, EVE)
    await house.database.commit(house.journal.copied([request, request]))

    (rows,) = await house.database.rows(select(func.count().label("n")).select_from(RECIPIENT))

    assert rows.n == 4
    assert [] == [id_ for id_ in await house.page(user_id=EVE) if id_ == "both"]


async def test_with_old_notifications_their_people_are_forgotten(house: House) -> None:
    request = await house.accept(ADA, BOB)

    await house.journal.forget_before(request.accepted_at + 1_000_000, open_among=nothing_open)

    assert [] == await house.database.rows(select(RECIPIENT))


@pytest.mark.parametrize(
    "narrowed",
    [
        Filter(channel="sms"),
        Filter(channel="sms", status="SENT"),
        Filter(event_type="rare", status="SENT"),
        Filter(user_id=ADA, event_type="rare"),
        Filter(user_id=ADA, status="DEAD"),
        Filter(user_id=ADA, channel="sms"),
    ],
    ids=str,
)
async def test_what_is_rare_is_sought_a_stretch_at_a_time(house: House, narrowed: Filter) -> None:
    rare = await house.accept(ADA, BOB, event_type="rare")
    await house.end(rare, 0, State.SENT, by=SMS)
    await house.end(rare, 0, State.DEAD)
    for _ in range(MANY):
        await house.end(await house.accept(ADA), 0, State.SENT)

    pages = await house.pages(narrowed, stretch=3)

    assert [[], [], [rare.id]] == pages[:3]
    assert not any(pages[3:])
    assert [[rare.id]] == await house.pages(narrowed, stretch=100)


async def test_what_is_open_and_what_has_ended_come_in_one_order_a_stretch_at_a_time(
    house: House,
) -> None:
    requests = [await house.accept(ADA) for _ in range(MANY)]
    for request in requests[1:]:
        await house.end(request, 0, State.SENT, by=EMAIL if request is requests[2] else SMS)
    await house.hold(requests[0], 0)
    await house.hold(requests[-1], 0, is_copy=True)

    pages = await house.pages(Filter(channel="email"), stretch=2)

    wanted = [requests[-1].id, requests[2].id, requests[0].id]
    assert wanted == [id_ for page in pages for id_ in page]
    assert MANY // 2 + 1 == len(pages)
