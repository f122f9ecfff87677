"""What is on disk for the broker gets there, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from sendwell.adapters.system import SystemIds
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import Node
from sendwell.domain.presets.naming import PhysicalName
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus, Parcel, Stream
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.outbox.tables import METADATA, OUTBOX
from sendwell.runtime.process import Process, Worker
from sendwell.runtime.scene import Scene
from tests.roles.moody_database import MoodyDatabase

STREAM = PhysicalName("statuses", "sendwell")
IDS = SystemIds()
BATCH = 500
"""Read from the disk at once."""


class Broker:
    """Takes everything but what is for streams that are `shut`, unless it is away."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.has_come = asyncio.Event()
        self.shut: set[str] = set()
        self.is_away = False

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        if self.is_away or stream.name in self.shut:
            raise Unavailable(f"{stream.name} has no queue.")
        self.got += [parcel.id for parcel in parcels]
        self.has_come.set()

    async def ping(self) -> str:
        if self.is_away:
            raise Unavailable("It is away.")
        return "A broker 1.0"

    async def until(self, count: int) -> None:
        """It has got so many different ones."""
        async with asyncio.timeout(20):
            while len(set(self.got)) < count:
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


async def put(outbox: Outbox, database: MoodyDatabase, *letters: tuple[str, str]) -> None:
    """Letters with an id each, to the stream of that name, in a commit of their own."""
    scene = Scene(0)
    outbox.put(
        [Letter(PhysicalName(to, "x"), id_, "acme", b"{}", {}) for id_, to in letters], scene
    )
    await database.commit(scene.unit)
    scene.committed()


@asynccontextmanager
async def at_work(outbox: Outbox) -> AsyncIterator[None]:
    process = Process()
    process.start(Worker("outbox", outbox.run, outbox.stop))
    try:
        yield
    finally:
        await process.stop()


async def test_what_could_not_be_read_is_published_when_it_can(database: MoodyDatabase) -> None:
    broker, scene = Broker(), Scene(0)
    an_earlier_one = an_outbox(database, broker)
    an_earlier_one.put([Letter(STREAM, "1", "acme", b"{}", {})], scene)
    await database.commit(scene.unit)
    outbox, process = an_outbox(database, broker), Process()
    database.silences = 1

    process.start(Worker("outbox", outbox.run, outbox.stop))
    await broker.until(1)
    await process.stop()

    assert ["1"] == broker.got


@pytest.mark.parametrize("silences", [0, 1])
async def test_nothing_newer_overtakes_what_waits_on_disk(
    database: MoodyDatabase, silences: int
) -> None:
    old = [f"old-{number:04}" for number in range(2 * BATCH + 1)]
    newer: list[str] = []
    broker = Broker()
    await put(an_outbox(database, broker), database, *((each, STREAM.name) for each in old))
    outbox, process = an_outbox(database, broker), Process()

    async def tell_one_more() -> None:
        newer.append(f"new-{len(newer)}")
        await put(outbox, database, (newer[-1], STREAM.name))

    database.meanwhile, database.silences = tell_one_more, silences
    process.start(Worker("outbox", outbox.run, outbox.stop))
    await broker.until(len(old) + 3)
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
    await broker.until(1)
    await put(outbox, database, ("2", STREAM.name))
    await broker.until(2)
    scene.committed()
    await put(outbox, database, ("3", STREAM.name))
    await broker.until(3)
    await process.stop()

    assert ["1", "2", "3"] == broker.got


async def test_a_stream_that_stands_still_holds_up_only_itself(database: MoodyDatabase) -> None:
    broker = Broker()
    broker.shut = {"sms"}
    outbox = an_outbox(database, broker)
    async with at_work(outbox):
        await put(outbox, database, ("m1", "email"), ("s1", "sms"), ("m2", "email"))
        for number in range(1_200):
            await put(outbox, database, (f"s{number + 2}", "sms"), (f"m{number + 3}", "email"))
        await broker.until(1_202)
        mails = list(dict.fromkeys(broker.got))
        broker.got.clear()

        broker.shut = set()
        await put(outbox, database, ("last", "sms"))
        await broker.until(1_202)

    assert mails == [f"m{number}" for number in range(1, 1_203)]
    assert list(dict.fromkeys(broker.got)) == [*(f"s{n}" for n in range(1, 1_202)), "last"]
    assert await database.rows(select(OUTBOX)) == []


async def test_a_stream_that_stands_still_is_told_once(database: MoodyDatabase) -> None:
    broker = Broker()
    broker.shut = {"sms", "push"}
    outbox = an_outbox(database, broker)
    with capture_logs() as logs:
        async with at_work(outbox):
            for number in range(3):
                await put(outbox, database, (f"s{number}", "sms"), (f"p{number}", "push"))
            async with asyncio.timeout(10):
                while len(told(logs)) < 2:
                    await asyncio.sleep(0.05)
            broker.shut = {"push"}
            async with asyncio.timeout(10):
                while "outbox.stream_goes_on" not in {each["event"] for each in logs}:
                    await asyncio.sleep(0.05)

    assert ["push", "sms"] == sorted(each["stream"] for each in told(logs))
    assert ["sms"] == [each["stream"] for each in logs if each["event"] == "outbox.stream_goes_on"]
    assert all("has no queue" in each["error"] and each["advice"] for each in told(logs))
    assert {"p0", "p1", "p2"} == {letter.id for letter in await waiting(database)}


async def test_while_the_broker_is_away_nothing_stands_still(database: MoodyDatabase) -> None:
    broker = Broker()
    broker.is_away = True
    outbox = an_outbox(database, broker)
    with capture_logs() as logs:
        async with at_work(outbox):
            await put(outbox, database, ("m1", "email"), ("s1", "sms"))
            await asyncio.sleep(0.2)
            broker.is_away = False
            await broker.until(2)

    assert ["m1", "s1"] == broker.got
    assert "outbox.waits" in {each["event"] for each in logs}
    assert told(logs) == []


async def test_while_the_database_is_away_nothing_is_published_again(
    database: MoodyDatabase,
) -> None:
    class Then(Broker):
        """Once it has got the first, the database takes nothing for a while."""

        async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
            if not self.got:
                database.refusals = 4
            await super().publish(stream, parcels)

    broker = Then()
    outbox = an_outbox(database, broker)
    with capture_logs() as logs:
        async with at_work(outbox):
            await put(outbox, database, ("m1", "email"), ("s1", "sms"))
            async with asyncio.timeout(20):
                while await waiting(database):
                    await asyncio.sleep(0.05)

    assert ["m1", "s1"] == broker.got
    assert ["outbox.waits"] * 4 == [each["event"] for each in logs]


@pytest.mark.parametrize("who", [Node(0), Node(7)])
async def test_what_stood_still_goes_on_with_whoever_comes_after(
    who: Node, database: MoodyDatabase
) -> None:
    broker = Broker()
    broker.shut = {"sms"}
    outbox = an_outbox(database, broker)
    async with at_work(outbox):
        await put(outbox, database, ("s1", "sms"), ("m1", "email"))
        await broker.until(1)
    assert {-1} == {row.node for row in await database.rows(select(OUTBOX))}
    broker.shut, broker.got = set(), []

    successor = Outbox(database, cast("Bus", broker), ids=IDS, node=who)
    async with at_work(successor):
        await successor.adopt(Node(0))
        await broker.until(1)

    assert ["s1"] == broker.got


def told(logs: Sequence[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [each for each in logs if each["event"] == "outbox.stream_stands_still"]


async def waiting(database: MoodyDatabase) -> list[Letter]:
    decode = msgspec.msgpack.Decoder(Letter).decode
    return [decode(row.letter) for row in await database.rows(select(OUTBOX))]
