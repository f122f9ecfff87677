"""Tasks that name their own recipient only, at a service that was told nothing of them before."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

import pytest
from msgspec.structs import replace

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import COUNTER_BITS, Node, Part, Position
from sendwell.domain.presets import PRESETS
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.packed import Packer
from sendwell.ports.bus import Bus
from sendwell.ports.database import Database
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.journal.erasing import Gone, emptying
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.outbox.outbox import Outbox
from tests.roles.databases import EITHER, either
from tests.unit.messages.builders import EMAIL, a_request, a_task

INTENTS = PRESETS["intents"]
CLOCK, IDS = SystemClock(), SystemIds()
PEOPLE = tuple(To(email=f"person{number}@example.org") for number in range(3))


class Service:
    """Delivers, with a database of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.taken: list[Task] = []
        self.journal = SqlJournal(
            database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
        )
        self.store = DeliveryStore(database, self.journal)
        self.copies = Copies(
            database,
            self.journal,
            OpenCopies(database, self.store),
            outbox=Outbox(database, cast("Bus", None), ids=IDS, node=Node(0)),
            packer=Packer(INTENTS, secret=None, tasks_by=INTENTS),
            ids=IDS,
            name="here",
            service="email",
            tells_requested=False,
        )

    async def take(self, *tasks: Task) -> None:
        """As they come by the bus."""
        await self.copies.take([as_it_comes(task) for task in tasks], self._deliver)

    async def _deliver(self, tasks: Sequence[Task]) -> None:
        self.taken += tasks
        for task in tasks:
            task.work = IDS.position()
        requests = {task.request.position: task.request for task in tasks}
        await self.database.commit(
            [*self.journal.copied([*requests.values()]), *self.store.put(tasks, epoch=1)]
        )

    async def open(self, request: Requested) -> dict[str, To]:
        """To whom the open deliveries are, by part, as they are read again."""
        tasks = await self.store.of(request.tenant, request.position)
        return {task.part: task.request.to[task.recipient] for task in tasks}


@pytest.fixture(params=EITHER)
async def service(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    async with either(request, until=CLOCK.now()) as database:
        yield Service(database)


def a_fresh_request(*people: To) -> Requested:
    position = Position(CLOCK.now() // 1_000 << COUNTER_BITS)
    return a_request(position=position, accepted_at=CLOCK.now(), to=people)


def a_task_to(request: Requested, place: int) -> Task:
    return a_task(request, part=str(Part(place, EMAIL)), recipient=place)


def as_it_comes(task: Task) -> Task:
    letter = Carrier(INTENTS).task(task)
    opened = Opening().open(Incoming(letter.body, letter.headers, letter.id))
    assert isinstance(opened, Task), opened
    return opened


async def test_what_was_planned_before_the_service_ever_ran_is_delivered(service: Service) -> None:
    request = a_fresh_request(PEOPLE[0])

    await service.take(a_task_to(request, 0))

    assert {"0.email": PEOPLE[0]} == await service.open(request)
    assert {request.position: request} == await service.journal.requested([request.position])


async def test_it_holds_up_nothing_that_is_known(service: Service) -> None:
    unknown, known = a_fresh_request(PEOPLE[0]), a_fresh_request(PEOPLE[1])
    known = replace(known, position=Position(unknown.position + 1), id="n-2")
    await service.database.commit(service.journal.copied([known]))

    await service.take(a_task_to(unknown, 0), a_task_to(known, 0))

    assert {"0.email": PEOPLE[0]} == await service.open(unknown)
    assert {"0.email": PEOPLE[1]} == await service.open(known)


async def test_of_several_recipients_each_is_known_by_its_own_task(service: Service) -> None:
    request = a_fresh_request(*PEOPLE)

    await service.take(a_task_to(request, 2))
    await service.take(a_task_to(request, 1), a_task_to(request, 0))

    expected = {f"{place}.email": to for place, to in enumerate(PEOPLE)}
    assert expected == await service.open(request)
    assert {request.position: request} == await service.journal.requested([request.position])


async def test_tasks_that_come_together_know_all_that_they_say_of_each_other(
    service: Service,
) -> None:
    request = a_fresh_request(*PEOPLE)

    await service.take(*(a_task_to(request, place) for place in range(3)))

    assert [request] * 3 == [task.request for task in service.taken]


async def test_what_is_told_of_the_others_later_is_added(service: Service) -> None:
    request = a_fresh_request(*PEOPLE)
    await service.take(a_task_to(request, 1))

    await service.database.commit(service.journal.copied([request]))

    assert {request.position: request} == await service.journal.requested([request.position])


async def test_of_somebody_erased_nothing_comes_back_with_a_task(service: Service) -> None:
    request = a_fresh_request(*PEOPLE)
    await service.database.commit(service.journal.copied([request]))
    await service.database.commit(emptying([Gone(request.tenant, request.position, (1,))]))

    await service.take(a_task_to(request, 1), a_task_to(request, 2))

    assert {"1.email": To(), "2.email": PEOPLE[2]} == await service.open(request)
