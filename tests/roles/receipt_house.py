"""The receipts role in a house with a journal: what its tests build on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import Row, select

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.domain.suppression import Source
from sendwell.messages.receipt import Receipt, Said
from sendwell.messages.status import Status
from sendwell.ports.deliveries import Found, Sought
from sendwell.roles.receipts.look import SECOND
from sendwell.roles.receipts.service import Receipts
from sendwell.roles.receipts.store import MOST_WAITING_LONG, ReceiptStore
from sendwell.roles.receipts.tables import METADATA, RECEIPT, WAITING
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.journal import tables as journal_tables
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.tables import HISTORY, OUTCOME, REFERENCE
from sendwell.runtime.scene import Scene

TWILIO, SENDGRID = "twilio", "sendgrid"
SAMPLE, OTHER = TenantId("sample"), TenantId("other")
PART = "0.sms"
ADDRESS = "+4366012345"
NOW = 1_800_000_000 * SECOND
SOON = 5

numbers = count(1)


class StoppedClock(SystemClock):
    """Stands still until a test moves it: no timer fires behind the test's back."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at


class ListeningFlow(Flow):
    """Tells when something was committed."""

    def __init__(self, database: SqliteDatabase, clock: SystemClock) -> None:
        super().__init__(database, clock)
        self.spoken = asyncio.Event()

    async def say(
        self, speaker: Callable[[Scene], Sequence[Message]], *, is_urgent: bool = False
    ) -> None:
        await super().say(speaker, is_urgent=is_urgent)
        self.spoken.set()


class Outcomes:
    """Deliveries as the journal has them; `overtake` runs between a look and its answer."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self.overtake: Callable[[], Awaitable[None]] | None = None

    async def find(self, sought: Collection[Sought]) -> Mapping[Sought, Found]:
        found = {each: await self._find(each) for each in sought}
        if self.overtake is not None:
            overtake, self.overtake = self.overtake, None
            await overtake()
        return {each: there for each, there in found.items() if there}

    async def _find(self, sought: Sought) -> Found | None:
        question = select(OUTCOME)
        if sought.key:
            named = (OUTCOME.c.notification == sought.key.notification) & (
                OUTCOME.c.part == sought.key.part
            )
            rows = await self._database.rows(question.where(named))
        else:
            rows = await self._database.rows(
                question.join(REFERENCE, REFERENCE.c.position == OUTCOME.c.position).where(
                    REFERENCE.c.provider == sought.provider,
                    REFERENCE.c.reference == sought.reference,
                )
            )
        return _found(rows[0]) if rows else None


def _found(row: Row[Any]) -> Found:
    return Found(
        tenant=row.tenant,
        notification=row.notification,
        position=row.position,
        part=row.part,
        channel=row.channel,
        state=State(row.status),
        at=row.at,
        attempt=row.attempt,
        reference=row.reference,
        address=ADDRESS,
        provider=row.provider,
    )


@dataclass
class Suppressed:
    """Remembers what it was told, unless it cannot right now."""

    told: list[tuple[TenantId, ChannelName, str, str]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    is_down: bool = False

    async def suppress(
        self,
        tenant: TenantId,
        channel: ChannelName,
        *,
        address: str,
        reason: str,
        at: int,
        source: Source = Source.GONE,
    ) -> None:
        if self.is_down:
            raise Unavailable("The list cannot be written right now.")
        assert at > 0
        self.told.append((tenant, channel, address, reason))
        self.sources.append(source)


class House:
    """The role, the journal, and what both need."""

    def __init__(self, database: SqliteDatabase) -> None:
        journal_tables.METADATA.create_all(database.engine)
        METADATA.create_all(database.engine)
        self.database = database
        self.clock = StoppedClock(NOW + 60 * SECOND)
        self.flow = ListeningFlow(database, self.clock)
        self.journal = SqlJournal(
            database,
            idempotency_window=timedelta(days=1),
            receipts_by_reference=frozenset({TWILIO}),
        )
        self.flow.listen(Status, self._keep)
        self.deliveries = Outcomes(database)
        self.suppressed = Suppressed()
        self.ids = SystemIds()

    def a_role(self, *, most_waiting_long: int = MOST_WAITING_LONG) -> Receipts:
        """The role, as in a process of its own."""
        receipts = Receipts(
            ReceiptStore(self.database, most_waiting_long=most_waiting_long),
            self.deliveries,
            self.suppressed,
            flow=self.flow,
            clock=self.clock,
            ids=self.ids,
        )
        self.flow.listen(Status, receipts.on_status)
        return receipts

    @asynccontextmanager
    async def receipts(
        self, *, most_waiting_long: int = MOST_WAITING_LONG
    ) -> AsyncIterator[Receipts]:
        """The role at work."""
        receipts = self.a_role(most_waiting_long=most_waiting_long)
        working = asyncio.create_task(receipts.run())
        yield receipts
        receipts.stop()
        async with asyncio.timeout(SOON):
            await working

    async def send(self, status: Status) -> None:
        await self.flow.run([status])

    async def state(self, status: Status) -> str:
        rows = await self.database.rows(
            select(OUTCOME.c.status).where(OUTCOME.c.position == status.position)
        )
        return str(rows[0].status)

    async def moves(self, status: Status) -> list[str]:
        rows = await self.database.rows(
            select(HISTORY.c.state)
            .where(HISTORY.c.position == status.position)
            .order_by(HISTORY.c.number)
        )
        return [row.state for row in rows]

    async def recorded(self) -> list[Row[Any]]:
        return list(await self.database.rows(select(RECEIPT)))

    async def waiting(self) -> list[Row[Any]]:
        return list(await self.database.rows(select(WAITING)))

    async def until(self, is_true: Callable[[], Awaitable[bool]]) -> None:
        """Wait for the commit that makes it true."""
        async with asyncio.timeout(SOON):
            while True:
                self.flow.spoken.clear()
                if await is_true():
                    return
                await self.flow.spoken.wait()

    async def until_state(self, status: Status, state: State) -> None:
        async def is_there() -> bool:
            return await self.state(status) == state

        await self.until(is_there)

    async def until_looked_at_again(self) -> None:
        """Everything that was due is settled, or waits on."""

        async def is_nothing_due() -> bool:
            return all(row.due > self.clock.now() for row in await self.waiting())

        await self.until(is_nothing_due)

    async def until_nothing_waits(self) -> None:
        async def is_empty() -> bool:
            return not await self.waiting()

        await self.until(is_empty)

    async def _keep(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        scene.write(self.journal.recorded(batch))
        return ()


def a_delivery(state: State = State.SENT, *, tenant: TenantId = SAMPLE) -> Status:
    """A delivery that the journal can be told of, with names of its own."""
    number = next(numbers)
    return Status(
        tenant=tenant,
        notification=NotificationId(f"0191f0aa-7c1e-7000-8000-{number:012}"),
        position=Position(number),
        part=PART,
        channel=ChannelName("sms"),
        state=state,
        at=NOW,
        attempt=1,
        provider=TWILIO,
        reference=f"SM{number}",
    )


def a_receipt(status: Status, said: Said = Said.DELIVERED, **changes: Any) -> Receipt:
    number = next(numbers)
    receipt = Receipt(
        event_id=f"event-{number}",
        said=said,
        at=NOW + SECOND,
        reference=status.reference,
        key=f"{status.notification}.{status.part}",
    )
    return replace(receipt, **changes)


def found_of(status: Status) -> Found:
    return Found(
        tenant=status.tenant,
        notification=status.notification,
        position=status.position,
        part=status.part,
        channel=status.channel,
        state=status.state,
        at=status.at,
        reference=status.reference,
        provider=status.provider,
    )


def said_at(said: Said) -> int:
    return NOW + SECOND * list(Said).index(said)
