"""However much a service plans or takes at once, what it tells of it gets through the bus."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from sendwell.adapters.bus.postgres.parcels import check
from sendwell.adapters.system import SystemIds
from sendwell.domain.ids import ChannelName, Node, Part, Position
from sendwell.domain.lifecycle import State
from sendwell.domain.presets.plain import PRESET
from sendwell.messages.extract import Extract
from sendwell.messages.requested import Content, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.messages.wire.packed import Packer
from sendwell.ports.bus import Bus, Parcel, Stream
from sendwell.ports.journal import Journal
from sendwell.ports.work import Work
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.outbox import hot
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.outbox.tables import METADATA, OUTBOX
from sendwell.runtime.scene import Scene
from tests.roles.moody_database import MoodyDatabase
from tests.unit.messages.builders import EMAIL, NOW, a_move, a_request, a_task

MIB = 1024 * 1024
PACKER = Packer(PRESET, secret=b"ours", tasks_by=PRESET)
SMS = ChannelName("sms")


class Broker:
    """Takes what a broker takes, and no more than a mebibyte at once."""

    def __init__(self) -> None:
        self.got: list[Parcel] = []
        self.has_come = asyncio.Event()

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        del stream
        for parcel in parcels:
            check(parcel)
            assert len(parcel.body) < MIB
        self.got += parcels
        self.has_come.set()

    async def ping(self) -> str:
        return "A broker 1.0"


class NoJournal:
    """Copies nothing: here it is about what is told."""

    def copied(self, batch: object) -> list[object]:
        del batch
        return []


class Service:
    """Tells by the copies; what has arrived at the broker is opened."""

    def __init__(self, database: MoodyDatabase) -> None:
        ids = SystemIds()
        self.database = database
        self.broker = Broker()
        self.outbox = Outbox(database, cast("Bus", self.broker), ids=ids, node=Node(0))
        self.copies = Copies(
            database,
            cast("Journal", NoJournal()),
            OpenCopies(database, cast("Work", None)),
            outbox=self.outbox,
            packer=PACKER,
            ids=ids,
            name="here",
            service="orchestrator",
            tells_requested=True,
        )

    async def say(
        self, handler: Callable[..., Coroutine[Any, Any, Any]], said: Sequence[Any]
    ) -> list[Parcel]:
        """In one commit, and published."""
        scene = Scene(NOW)
        await handler(said, scene)
        await self.database.commit([each for each in scene.unit if each.operation is hot.put])
        scene.committed()
        publishing = asyncio.create_task(self.outbox.run())
        async with asyncio.timeout(60):
            while await self.database.rows(select(OUTBOX.c.number)):
                await asyncio.sleep(0.02)
        self.outbox.stop()
        await publishing
        return self.broker.got


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    database = MoodyDatabase(tmp_path / "sendwell.db")
    METADATA.create_all(database.engine)
    yield Service(database)
    await database.close()


def tasks_to(recipients: int, *channels: ChannelName) -> list[Task]:
    to = tuple(To(email=f"person{number:05}@example.org") for number in range(recipients))
    request = a_request(to=to)
    return [
        Task(request, str(Part(number, channel)), number, channel, NOW)
        for number in range(recipients)
        for channel in channels
    ]


def tasks_with(size: int, *, count: int) -> list[Task]:
    return [
        a_task(a_request(position=Position(number + 1), content=Content(text="x" * size)))
        for number in range(count)
    ]


def tasks_of(parcels: Sequence[Parcel]) -> list[Task]:
    return [task for each in parcels for task in PACKER.open_tasks(each.body, each.headers)]


def extracts_of(parcels: Sequence[Parcel]) -> list[Extract]:
    return [PACKER.open_extract(each.body, each.headers) for each in parcels]


@pytest.mark.parametrize(
    "tasks",
    [tasks_to(1_000, EMAIL), tasks_with(140 * 1024, count=128)],
    ids=["to a thousand", "long ones"],
)
async def test_tasks_get_through_the_bus_however_many_are_planned_at_once(
    service: Service, tasks: Sequence[Task]
) -> None:
    parcels = await service.say(service.copies.on_handed_on, tasks)

    assert tasks_of(parcels) == tasks
    assert len(parcels) == len({parcel.id for parcel in parcels})


async def test_tasks_by_several_channels_go_apart(service: Service) -> None:
    tasks = tasks_to(20, EMAIL, SMS)

    parcels = await service.say(service.copies.on_handed_on, tasks)

    assert [["email"] * 20, ["sms"] * 20] == [
        [task.channel for task in tasks_of([parcel])] for parcel in parcels
    ]


@pytest.mark.parametrize(
    "tasks",
    [tasks_to(1_000, EMAIL, SMS), tasks_with(300, count=12_800)],
    ids=["to a thousand", "a backlog"],
)
async def test_what_is_taken_on_gets_through_the_bus_however_much_it_is(
    service: Service, tasks: Sequence[Task]
) -> None:
    extracts = extracts_of(await service.say(service.copies.on_taken, tasks))

    assert [task for each in extracts for task in each.tasks] == tasks
    assert len(extracts) == len({each.id for each in extracts})


async def test_what_has_moved_gets_through_the_bus_however_much_it_is(service: Service) -> None:
    moves = [a_move(State.SENT, status={"position": Position(n)}).status for n in range(20_000)]

    extracts = extracts_of(await service.say(service.copies.on_status, moves))

    told: list[Status] = [status for each in extracts for status in each.statuses]
    assert told == moves


@pytest.mark.parametrize("sizes", [(10,) * 128, (100_000,) * 64], ids=["short", "long"])
async def test_what_is_accepted_gets_through_the_bus_however_long_it_is(
    service: Service, sizes: Sequence[int]
) -> None:
    batch = [
        a_request(position=Position(number), content=Content(text="x" * size))
        for number, size in enumerate(sizes)
    ]

    to_plan, told = service.copies.to_plan(batch), service.copies.accepted(batch)

    planned = [one for each in to_plan for one in PACKER.open_requests(each.body, each.headers)]
    extracts = [PACKER.open_extract(each.body, each.headers) for each in told]
    assert [each.id for each in batch] == [one.id for one in planned]
    assert batch == [one for each in extracts for one in each.requested]
    assert max(len(letter.body) for letter in [*to_plan, *told]) < MIB
