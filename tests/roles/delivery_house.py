"""The delivery role at work on one file, with a vendor whose answers a test decides."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import select

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.adapters.system import SystemChance, SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName, Node, NotificationId, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.outcome import Accepted, Outcome
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.messages.dead import Dead
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.catalogue import Catalogue
from sendwell.ports.suppressions import Suppressions
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.delivery.dispatcher import Dispatcher
from sendwell.roles.delivery.exchange import Account, Exchange
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.held import HeldWork
from sendwell.roles.delivery.letters import DeadLetters
from sendwell.roles.delivery.limits import Limits, Rates
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.seating import Seating
from sendwell.roles.delivery.second_look import SecondLook
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.settler import Settler
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.tables import WORK
from sendwell.roles.delivery.words import Words
from sendwell.roles.orchestrator.planner import Planner
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.cancelled import Cancelled
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.listener import recorder, refuser
from sendwell.runtime.journal.tables import HISTORY, OUTCOME
from sendwell.runtime.process import Process, Worker
from sendwell.runtime.timers import Timers
from tests.roles.moody_database import MoodyDatabase
from tests.services.made import made_file

ACME = TenantId("acme")
EMAIL, SMS = ChannelName("email"), ChannelName("sms")
CLOCK, IDS = SystemClock(), SystemIds()
DAY = timedelta(days=1)
HERE = Node(0)
EPOCH = 7

numbers = count(1)


class Vendor:
    """Takes everything, unless a test says what becomes of an address; waits while it is busy."""

    def __init__(self) -> None:
        self.answers: dict[str, Outcome] = {}
        self.got: list[str] = []
        self.is_free = asyncio.Event()
        self.is_free.set()

    async def send(self, outgoing: Outgoing) -> Outcome:
        self.got.append(outgoing.address)
        await self.is_free.wait()
        return self.answers.get(outgoing.address, Accepted(outgoing.key))


class House:
    """Delivery with what it needs; `suppressions` may be other than the users role itself."""

    def __init__(
        self,
        database: MoodyDatabase,
        suppressions: Suppressions | None = None,
        *,
        defaults: Policy | None = None,
        budget: int = 4_096,
    ) -> None:
        self.database = database
        self._budget = budget
        self.users = Users(UserStore(database), clock=CLOCK)
        self.tenants = Accounts(AccountStore(database), defaults=defaults or Policy(), clock=CLOCK)
        self.journal = SqlJournal(
            database, idempotency_window=DAY, receipts_by_reference=frozenset()
        )
        self.store = DeliveryStore(database, self.journal)
        self.flow = Flow(database, CLOCK)
        self.vendors = {EMAIL: Vendor(), SMS: Vendor()}
        self.timers = Timers(CLOCK, load=self._due, fire=self._wake)
        self.settler = Settler(
            self.flow,
            self.store,
            tenants=self.tenants,
            suppressions=suppressions or self.users,
            resends_unknown=lambda _: False,
            clock=CLOCK,
            chance=SystemChance(),
            wait=self.timers.add,
        )
        self.freed = asyncio.Event()
        self.limits = Limits(MemoryLimiter(), Rates(), policy=self.tenants.policy)
        self.dispatchers = {channel: self._dispatcher(channel) for channel in self.vendors}
        self.delivery = Delivery(
            self.store,
            self.settler,
            self.dispatchers,
            journal=self.journal,
            inward=self.flow,
            timers=self.timers,
            clock=CLOCK,
            ids=IDS,
            epoch=EPOCH,
            freed=self.freed,
            second_look=SecondLook(HeldWork(database, node=Node(0)), self.timers, CLOCK),
        )
        self.letters = DeadLetters(
            database,
            self.journal,
            flow=self.flow,
            audit=self.tenants,
            channels=self.vendors,
            work=self.store,
        )
        self.flow.listen(Task, self.delivery.on_tasks)
        self.flow.listen(Task, refuser(self.journal))
        self.flow.listen(Status, recorder(self.journal))
        self.flow.listen(Dead, self.letters.on_dead)

    def with_planner(self) -> Orchestrator:
        """From now on a planner hears what is asked for, and what becomes of deliveries."""
        orchestrator = Orchestrator(
            Planner(self.users, cast("Catalogue", None), self.tenants, channels=self.vendors),
            self.journal,
            Backlog(self.journal, self.store.planned),
            flow=self.flow,
            pace=self.delivery.pace,
            cancelled=Cancelled(self.journal, self.store),
        )
        self.flow.listen(Requested, orchestrator.on_requested)
        self.flow.listen(Status, orchestrator.on_status)
        return orchestrator

    def _dispatcher(self, channel: ChannelName) -> Dispatcher:
        vendor = self.vendors[channel]
        exchange = Exchange(Account("mailbox", vendor), clock=CLOCK, chance=SystemChance())
        exchange.use(Route.parse("vendor"), {"vendor": vendor})
        words = Words(
            cast("Catalogue", None),  # the words stand in each notification
            MinijinjaRenderer(),
            tenants=self.tenants,
            channels=all_channels(),
        )
        gate = Gate(self.users, self.tenants, channels=self.vendors)
        return Dispatcher(
            channel,
            ready=ReadyQueue(channel, self.store, wake=self._wake_some, budget=self._budget),
            exchange=exchange,
            seating=Seating(
                exchange,
                gate=gate,
                limits=self.limits,
                words=words,
                tenants=self.tenants,
                clock=CLOCK,
            ),
            settler=self.settler,
            store=self.store,
            clock=CLOCK,
            epoch=EPOCH,
            may_send=lambda: True,
            freed=self.freed.set,
        )

    async def plan(
        self, *addresses: str, channel: ChannelName = EMAIL, **changes: Any
    ) -> list[Task]:
        """A planned delivery to each of them, as the planner says them."""
        tasks = [a_task(address, channel, **changes) for address in addresses]
        await self.database.commit(self.journal.copied([task.request for task in tasks]))
        await self.flow.run(tasks)
        return tasks

    async def leave(
        self, *addresses: str, channel: ChannelName = EMAIL, **changes: Any
    ) -> list[Task]:
        """Deliveries that an earlier process has planned and not sent."""
        tasks = [a_task(address, channel, **changes) for address in addresses]
        await self.put_on_disk(tasks)
        return tasks

    async def put_on_disk(self, tasks: Sequence[Task], *, node: Node = HERE) -> None:
        """They are open work of that process, which has planned them and is gone."""
        for task in tasks:
            task.work = IDS.position()
        requests = {task.request.position: task.request for task in tasks}
        store = DeliveryStore(self.database, self.journal, node=node)
        await self.database.commit(
            [*self.journal.copied(list(requests.values())), *store.put(tasks, epoch=EPOCH)]
        )

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Process]:
        """The worker runs, and is run again where it fails; at the end it is asked to finish."""
        process = Process(patience_seconds=5)
        process.start(Worker("timers", self.timers.run))
        process.start(Worker("delivery", self.delivery.run, self.delivery.stop))
        try:
            yield process
        finally:
            await process.stop()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():
                await asyncio.sleep(0.005)

    async def ends(self, tasks: Sequence[Task]) -> dict[str, str]:
        """How each of the deliveries has ended, by its address, once all have."""
        async with asyncio.timeout(10):
            while len(found := await self.ended()) < len(tasks):
                await asyncio.sleep(0.005)
        addresses = {task.request.position: address_of(task) for task in tasks}
        return {
            addresses[position]: state for position, state in found.items() if position in addresses
        }

    async def ended(self) -> dict[Position, str]:
        """How deliveries have ended, so far as that is on record."""
        found = await self.database.rows(select(OUTCOME.c.position, OUTCOME.c.status))
        return {row.position: row.status for row in found}

    async def moves(self, task: Task) -> list[str]:
        """All moves of a delivery that are on record, in their order."""
        position = task.request.position
        moves = await self.database.rows(
            select(HISTORY.c.state).where(HISTORY.c.position == position).order_by(HISTORY.c.number)
        )
        return [row.state for row in moves]

    async def open(self) -> list[str]:
        """The states of all work that is open on disk."""
        return [row.state for row in await self.database.rows(select(WORK.c.state))]

    async def _due(self, after: tuple[int, int], limit: int) -> Sequence[tuple[int, int]]:
        return await self.store.due(after=after, limit=limit)

    async def _wake(self, works: Sequence[int]) -> None:
        await self.delivery.wake(works)

    async def _wake_some(self, works: Sequence[int]) -> Sequence[int]:
        return await self.delivery.wake_some(works)


def a_task(address: str, channel: ChannelName = EMAIL, **changes: Any) -> Task:
    to = To(email=address) if channel == EMAIL else To(phone=address)
    request = Requested(
        id=NotificationId(f"n-{next(numbers)}"),
        tenant=ACME,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="test",
        lane=Lane.MEDIUM,
        to=(to,),
        content=Content(text="Hello"),
    )
    request = msgspec.structs.replace(request, **changes)
    return Task(request, f"0.{channel}", 0, channel, planned_at=CLOCK.now())


def address_of(task: Task) -> str:
    (to,) = task.request.to
    return to.email or to.phone or ""


@asynccontextmanager
async def a_house(
    folder: Path,
    suppressions: Suppressions | None = None,
    *,
    defaults: Policy | None = None,
    budget: int = 4_096,
) -> AsyncIterator[House]:
    """On a file of its own."""
    database = MoodyDatabase(made_file(folder / "all.sqlite"))
    yield House(database, suppressions, defaults=defaults, budget=budget)
    await database.close()
