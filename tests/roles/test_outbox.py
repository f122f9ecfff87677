"""What is on disk for the broker gets there, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from sendwell.adapters.system import SystemIds
from sendwell.domain.ids import Node
from sendwell.domain.presets.naming import PhysicalName
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus, Parcel, Stream
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.outbox.tables import METADATA
from sendwell.runtime.process import Process, Worker
from sendwell.runtime.scene import Scene
from tests.roles.moody_database import MoodyDatabase

STREAM = PhysicalName("statuses", "sendwell")
IDS = SystemIds()
BATCH = 500
"""Read from the disk at once."""


class Broker:
    """Takes everything."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.has_come = asyncio.Event()

    async def publish(self, _: Stream, parcels: Sequence[Parcel]) -> None:
        self.got += [parcel.id for parcel in parcels]
        self.has_come.set()

    async def has(self, letters: int) -> None:
        """At least so many have come."""
        async with asyncio.timeout(10):
            while len(self.got) < letters:
                self.has_come.clear()
                await self.has_come.wait()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[MoodyDatabase]:
    database = MoodyDatabase(tmp_path / "sendwell.db")
    METADATA.create_all(database.engine)
    yield database
    await database.close()


def an_outbox(database: MoodyDatabase, broker: Broker) -> Outbox:
    return Outbox(database, cast("Bus", broker), ids=IDS, node=Node(0))


async def put(letters: Sequence[str], outbox: Outbox, database: MoodyDatabase) -> None:
    scene = Scene(0)
    outbox.put([Letter(STREAM, each, "acme", b"{}", {}) for each in letters], scene)
    await database.commit(scene.unit)
    scene.committed()


async def test_what_could_not_be_read_is_published_when_it_can(database: MoodyDatabase) -> None:
    broker, scene = Broker(), Scene(0)
    an_earlier_one = an_outbox(database, broker)
    an_earlier_one.put([Letter(STREAM, "1", "acme", b"{}", {})], scene)
    await database.commit(scene.unit)
    outbox, process = an_outbox(database, broker), Process()
    database.silences = 1

    process.start(Worker("outbox", outbox.run, outbox.stop))
    await broker.has(1)
    await process.stop()

    assert ["1"] == broker.got


@pytest.mark.parametrize("silences", [0, 1])
async def test_nothing_newer_overtakes_what_waits_on_disk(
    database: MoodyDatabase, silences: int
) -> None:
    old = [f"old-{number:04}" for number in range(2 * BATCH + 1)]
    newer: list[str] = []
    broker = Broker()
    await put(old, an_outbox(database, broker), database)
    outbox, process = an_outbox(database, broker), Process()

    async def tell_one_more() -> None:
        newer.append(f"new-{len(newer)}")
        await put(newer[-1:], outbox, database)

    database.meanwhile, database.silences = tell_one_more, silences
    process.start(Worker("outbox", outbox.run, outbox.stop))
    await broker.has(len(old) + 3)
    await process.stop()

    assert [*old, *newer] == broker.got


async def test_what_is_published_before_its_commit_is_answered_goes_out_once(
    database: MoodyDatabase,
) -> None:
    broker, scene = Broker(), Scene(0)
    outbox, process = an_outbox(database, broker), Process()
    outbox.put([Letter(STREAM, "1", "acme", b"{}", {})], scene)
    await database.commit(scene.unit)

    process.start(Worker("outbox", outbox.run, outbox.stop))
    await broker.has(1)
    await put(["2"], outbox, database)
    await broker.has(2)
    scene.committed()
    await put(["3"], outbox, database)
    await broker.has(3)
    await process.stop()

    assert ["1", "2", "3"] == broker.got
