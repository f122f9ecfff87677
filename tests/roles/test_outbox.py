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


class Broker:
    """Takes everything."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.has_come = asyncio.Event()

    async def publish(self, _: Stream, parcels: Sequence[Parcel]) -> None:
        self.got += [parcel.id for parcel in parcels]
        self.has_come.set()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[MoodyDatabase]:
    database = MoodyDatabase(tmp_path / "sendwell.db")
    METADATA.create_all(database.engine)
    yield database
    await database.close()


def an_outbox(database: MoodyDatabase, broker: Broker) -> Outbox:
    return Outbox(database, cast("Bus", broker), ids=IDS, node=Node(0))


async def test_what_could_not_be_read_is_published_when_it_can(database: MoodyDatabase) -> None:
    broker, scene = Broker(), Scene(0)
    an_earlier_one = an_outbox(database, broker)
    an_earlier_one.put([Letter(STREAM, "1", "acme", b"{}", {})], scene)
    await database.commit(scene.unit)
    outbox, process = an_outbox(database, broker), Process()
    database.silences = 1

    process.start(Worker("outbox", outbox.run, outbox.stop))
    async with asyncio.timeout(10):
        await broker.has_come.wait()
    await process.stop()

    assert ["1"] == broker.got
