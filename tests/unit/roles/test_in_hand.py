"""Whoever takes up what was accepted, when it ends in the middle: its next run takes that up."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import pytest

from sendwell.adapters.system import SystemClock
from sendwell.domain.lane import Lane
from sendwell.domain.presets.naming import PhysicalName
from sendwell.messages.requested import Requested
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus, Parcel, Stream
from sendwell.ports.database import Database
from sendwell.ports.journal import Journal
from sendwell.roles.gateway.forward import Forwarder
from sendwell.roles.orchestrator.planner import Planner
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.cancelled import Cancelled
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene
from tests.unit.runtime.backlog_house import WINDOW, Disk, a_backlog, a_request, accept, some

STREAM = PhysicalName("accepted", "sendwell")


class Receiver:
    """Gets what is handed on; the first time it never comes back."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.is_asked = asyncio.Event()

    async def take(self, ids: Sequence[str]) -> None:
        if not self.is_asked.is_set():
            self.is_asked.set()
            await asyncio.Event().wait()
        self.got += ids

    async def publish(self, _: Stream, parcels: Sequence[Parcel]) -> None:
        await self.take([parcel.id for parcel in parcels])

    async def on_requested(self, batch: Sequence[Requested], _: Scene) -> Sequence[Message]:
        await self.take([request.id for request in batch])
        return ()


def a_forwarder(backlog: Backlog, disk: Disk, receiver: Receiver) -> Forwarder:
    async def give_up(request: Requested, error: Exception) -> None:
        raise AssertionError(request.id) from error

    return Forwarder(
        backlog,
        cast("Journal", disk),
        cast("Bus", receiver),
        letters=lambda requests: [Letter(STREAM, each.id, "acme", b"", {}) for each in requests],
        give_up=give_up,
    )


def an_orchestrator(backlog: Backlog, disk: Disk, receiver: Receiver) -> Orchestrator:
    async def pace(most: int) -> int:
        return most

    flow = Flow(cast("Database", None), SystemClock())  # nothing is written
    flow.listen(Requested, receiver.on_requested)
    return Orchestrator(
        cast("Planner", None),
        cast("Journal", disk),
        backlog,
        flow=flow,
        pace=pace,
        cancelled=cast("Cancelled", None),
    )


@pytest.mark.parametrize("lane", [Lane.CRITICAL, Lane.MEDIUM])
@pytest.mark.parametrize("made", [a_forwarder, an_orchestrator])
async def test_what_was_in_hand_at_the_end_of_a_run_is_taken_up_by_the_next(
    made: Callable[[Backlog, Disk, Receiver], Forwarder | Orchestrator], lane: Lane
) -> None:
    """Also what is urgent, which is never read back from the disk while others are only there."""
    disk, receiver = Disk(), Receiver()
    backlog = a_backlog(disk)
    role = made(backlog, disk, receiver)
    accept(backlog, disk, some(*range(2, WINDOW + 4)))
    accept(backlog, disk, [a_request(100, lane=lane), a_request(101, lane=lane)])
    first = asyncio.create_task(role.run())
    await receiver.is_asked.wait()
    first.cancel()
    await asyncio.wait([first])

    second = asyncio.create_task(role.run())
    async with asyncio.timeout(5):
        while len(receiver.got) < len(disk.stored):
            await asyncio.sleep(0)
    second.cancel()

    assert sorted(each.id for each in disk.stored.values()) == sorted(receiver.got)
