"""A backlog over a disk that is read as slowly as the test says."""

import asyncio
from collections.abc import Collection, Sequence
from typing import cast

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Content, Requested, To
from sendwell.ports.journal import Journal
from sendwell.runtime.backlog import Backlog

WINDOW = 16


def a_request(
    position: int,
    *,
    lane: Lane = Lane.MEDIUM,
    tenant: str = "acme",
    length: int = 0,
    people: int = 1,
) -> Requested:
    return Requested(
        id=NotificationId(f"n-{position}"),
        tenant=TenantId(tenant),
        position=Position(position),
        accepted_at=0,
        event_type="test",
        lane=lane,
        to=(To(),) * people,
        content=Content(text="x" * length),
    )


def some(*positions: int) -> list[Requested]:
    return [a_request(position) for position in positions]


class Disk:
    """What is committed. While it `is_slow`, each read halts before it looks and before it tells.

    Those that were planned are `open` first, then `over`.
    """

    def __init__(self, *, is_slow: bool = False) -> None:
        self.is_slow = is_slow
        self.most: int | None = None
        """How many fit into one reading."""
        self.stored: dict[Position, Requested] = {}
        self.open: set[Position] = set()
        self.over: set[Position] = set()
        self._halted: asyncio.Future[None] | None = None

    @property
    def is_halted(self) -> bool:
        return self._halted is not None

    def store(self, requests: Sequence[Requested]) -> None:
        self.stored |= {request.position: request for request in requests}

    async def mark(self) -> None:
        """Where planning has got to; nobody starts again here."""

    def go_on(self) -> None:
        """The read goes on to its next halt."""
        assert self._halted is not None
        self._halted.set_result(None)
        self._halted = None

    def fail(self) -> None:
        assert self._halted is not None
        self._halted.set_exception(Unavailable("The database is not there."))
        self._halted = None

    def forget(self, requests: Sequence[Requested]) -> None:
        self.over.update(request.position for request in requests)

    async def unplanned(
        self, *, after: Position, limit: int
    ) -> tuple[Sequence[Requested], Position | None]:
        await self._halt()
        waiting = sorted(self.stored.keys() - self.over)
        found = [self.stored[position] for position in waiting if position > after]
        await self._halt()
        taken = found[: min(limit, self.most or limit)]
        return taken, taken[-1].position if len(taken) < len(found) else None

    async def planned(self, positions: Sequence[Position]) -> Collection[Position]:
        await self._halt()
        found = self.open & set(positions)
        await self._halt()
        return found

    async def ended(self, positions: Sequence[Position]) -> Collection[Position]:
        await self._halt()
        found = self.over & set(positions)
        await self._halt()
        return found

    async def _halt(self) -> None:
        if self.is_slow:
            self._halted = asyncio.get_running_loop().create_future()
            await self._halted


def a_backlog(disk: Disk, *, window: int = WINDOW) -> Backlog:
    return Backlog(cast("Journal", disk), disk.planned, window=window, pause_seconds=0)


def accept(backlog: Backlog, disk: Disk, requests: Sequence[Requested]) -> None:
    disk.store(requests)
    backlog.put(requests)


async def let_run() -> None:
    """Everything has gone on that can: from one halt to the next it is a few turns."""
    for _ in range(10):
        await asyncio.sleep(0)


async def handed_out(
    backlog: Backlog, disk: Disk, *, waiting: asyncio.Task[None] | None = None
) -> list[int]:
    """What there is to plan, to the end, in its order; planned as it comes."""
    handed: list[int] = []
    while True:
        waiting = waiting or asyncio.create_task(backlog.wait())
        await let_run()
        while disk.is_halted:
            disk.go_on()
            await let_run()
        if not waiting.done():
            waiting.cancel()
            return handed
        waiting.result()
        waiting = None
        batch = [request.position for request in backlog.take(1)]
        disk.open.update(batch)
        handed += batch
