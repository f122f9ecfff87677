"""What is read to tell whom another delivery has reached: of those only, and not much at once."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, Row

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.ids import NotificationId, Part, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Unit, Write
from sendwell.ports.journal import Entry
from sendwell.roles.delivery.letters import DeadLetters, Narrowed
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.copies import hot
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.copies.rows import OpenRow
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.portion import MOST_BYTES
from tests.roles.databases import EITHER, either

ACME = TenantId("acme")
CLOCK, IDS = SystemClock(), SystemIds()
EVERYTHING = Narrowed()


class Watched:
    """A database that tells what has been read from it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.dialect = database.dialect
        self.commit = database.commit
        self.execute = database.execute
        self.close = database.close
        self.answers: list[Sequence[Row[Any]]] = []

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        found = await self._database.rows(statement)
        self.answers.append(found)
        return found

    @property
    def bodies(self) -> list[list[int]]:
        """How long the bodies were of each answer that had any."""
        sizes = ([len(row.body) for row in rows if "body" in row._fields] for rows in self.answers)
        return [each for each in sizes if each]


class Unheard:
    """An audit log that keeps nothing."""

    def recorded(self, _: Deed) -> Unit:
        return []


class House:
    """Dead letters, and deliveries that stand where a test says, here or in another service."""

    def __init__(self, database: Database) -> None:
        self.database = Watched(database)
        self.journal = SqlJournal(
            self.database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
        )
        self.store = DeliveryStore(self.database, self.journal)
        self.flow = Flow(self.database, CLOCK)
        self.letters = DeadLetters(
            self.database,
            self.journal,
            flow=self.flow,
            audit=Unheard(),
            channels=all_channels(),
            work=OpenCopies(self.database, self.store),
        )
        self.flow.listen(Dead, self.letters.on_dead)

    async def accept(self, recipients: int, **changes: Any) -> Requested:
        request = Requested(
            id=NotificationId(IDS.notification()),
            tenant=ACME,
            position=Position(IDS.position()),
            accepted_at=CLOCK.now(),
            event_type="lost",
            lane=Lane.LOW,
            to=(To(email="somebody@example.org"),) * recipients,
            **changes,
        )
        await self.journal.accept([Entry(request)])
        return request

    async def end(self, request: Requested, state: State, *parts: str) -> None:
        ends = [_ended(request, part, state) for part in parts]
        await self.database.commit(self.journal.recorded(ends))

    async def begin(self, request: Requested, *parts: str) -> None:
        tasks = [
            Task(request, part, *Part.parse(part)[:2], CLOCK.now(), work=IDS.position())
            for part in parts
        ]
        await self.database.commit(self.store.put(tasks, epoch=1))

    async def begin_elsewhere(self, request: Requested, *parts: str) -> None:
        await self.database.commit([Write(hot.put_open, [_open(request, part) for part in parts])])

    async def bury(self, request: Requested, *parts: str) -> None:
        await self.end(request, State.DEAD, *parts)
        await self.flow.run([_died(request, part) for part in parts])

    async def look(self) -> dict[str, Sequence[str]]:
        """What is said of each letter of which anything is, by its notification and part."""
        page = await self.letters.page(ACME, EVERYTHING, before=None, limit=200)
        self.database.answers.clear()
        reached = await self.letters.reached_by(ACME, page)
        return {
            f"{letter.notification}.{letter.part}": reached[letter.id]
            for letter in page
            if reached.get(letter.id)
        }


@pytest.fixture(params=EITHER)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with either(request, until=CLOCK.now()) as database:
        house = House(database)
        await house.journal.start()
        yield house


async def test_of_a_notification_to_many_only_those_are_looked_at_who_are_meant(
    house: House,
) -> None:
    request = await house.accept(300)
    others = [number for number in range(300) if number != 17]
    await house.end(request, State.SENT, "17.sms", *(f"{each}.sms" for each in others))
    await house.begin(request, "17.push", *(f"{each}.push" for each in others))
    await house.begin_elsewhere(request, "17.in_app", *(f"{each}.in_app" for each in others))
    await house.bury(request, "17.email")

    said = await house.look()

    assert {f"{request.id}.17.email": ["17.in_app", "17.push", "17.sms"]} == said
    assert sum(map(len, house.database.answers)) <= 10


async def test_long_notifications_are_not_read_all_at_once(house: House) -> None:
    long = Content(text="x" * (MOST_BYTES * 2 // 5))
    requests = [await house.accept(1, content=long) for _ in range(5)]
    for request in requests:
        await house.bury(request, "0.email")
        await house.end(request, State.SENT, "0.sms")

    said = await house.look()

    assert {f"{request.id}.0.email": ["0.sms"] for request in requests} == said
    assert [2, 2, 1] == [len(read) for read in house.database.bodies]
    assert all(sum(read) <= MOST_BYTES for read in house.database.bodies)


async def test_where_nothing_else_has_gone_to_a_recipient_no_notification_is_read(
    house: House,
) -> None:
    request = await house.accept(2)
    await house.bury(request, "0.email")
    await house.end(request, State.SENT, "1.email", "1.sms")

    assert {} == await house.look()
    assert [] == house.database.bodies


def _ended(request: Requested, part: str, state: State) -> Status:
    return Status(
        tenant=ACME,
        notification=request.id,
        position=request.position,
        part=part,
        channel=Part.parse(part).channel,
        state=state,
        at=CLOCK.now(),
        planned_at=request.accepted_at,
        claimed_at=request.accepted_at,
        attempt=1,
    )


def _open(request: Requested, part: str) -> OpenRow:
    return OpenRow(
        request.position,
        part,
        ACME,
        Part.parse(part).channel,
        State.PENDING.value,
        at=CLOCK.now(),
        planned_at=CLOCK.now(),
        claimed_at=0,
        due=0,
        attempt=0,
        provider=None,
        rule=None,
    )


def _died(request: Requested, part: str) -> Dead:
    return Dead(
        tenant=ACME,
        position=request.position,
        notification=request.id,
        part=part,
        channel=Part.parse(part).channel,
        event_type=request.event_type,
        lane=request.lane,
        cause="bad_address",
        code=None,
        text=None,
        provider=None,
        attempt=1,
        at=CLOCK.now(),
    )
