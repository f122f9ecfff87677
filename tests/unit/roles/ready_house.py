"""A ready queue over a disk that shows what is committed, and says what it was asked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.task import Task
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.store import DeliveryStore

EMAIL = ChannelName("email")

WINDOW = 32

TENANTS = [TenantId("acme"), TenantId("beta")]

Back = Callable[[ReadyQueue, Sequence[Task]], None]

BACKS: Sequence[Back] = (ReadyQueue.put_back, ReadyQueue.untake)


def a_task(work: int, *, tenant: str = "acme", lane: Lane = Lane.MEDIUM, length: int = 0) -> Task:
    request = Requested(
        id=NotificationId(f"n-{work}"),
        tenant=TenantId(tenant),
        position=Position(work),
        accepted_at=0,
        event_type="test",
        lane=lane,
        to=(To(),),
        content=Content(text="x" * length),
    )
    return Task(
        request=request, part="0.email", recipient=0, channel=EMAIL, planned_at=0, work=work
    )


def some(*works: int) -> list[Task]:
    return [a_task(work) for work in works]


class Disk:
    """The pending work. While it `is_slow`, a read halts before it looks and before it tells."""

    def __init__(self) -> None:
        self.is_slow = False
        self.most: int | None = None
        """How many fit into one reading."""
        self.pending: dict[int, Task] = {}
        self.late: dict[int, Task] = {}
        """Work whose time has come."""
        self._halted: asyncio.Future[None] | None = None

    @property
    def is_halted(self) -> bool:
        return self._halted is not None

    def store(self, tasks: Sequence[Task]) -> None:
        self.pending |= {task.work: task for task in tasks}

    def go_on(self) -> None:
        """The read goes on to its next halt."""
        assert self._halted is not None
        self._halted.set_result(None)
        self._halted = None

    def fail(self) -> None:
        assert self._halted is not None
        self._halted.set_exception(OSError("disk I/O error"))
        self._halted = None

    async def ready(
        self, channel: ChannelName, lane: Lane, tenant: TenantId, *, after: int, limit: int
    ) -> tuple[list[Task], int | None]:
        await self._halt()
        found = [
            task
            for work, task in sorted(self.pending.items())
            if work > after and (task.request.lane, task.request.tenant) == (lane, tenant)
        ]
        await self._halt()
        taken = found[: min(limit, self.most or limit)]
        return taken, taken[-1].work if len(taken) < len(found) else None

    async def _halt(self) -> None:
        if self.is_slow:
            self._halted = asyncio.get_running_loop().create_future()
            await self._halted


def a_queue(disk: Disk) -> ReadyQueue:
    async def wake(works: Sequence[int]) -> Sequence[int]:
        most = disk.most or len(works)
        queue.put_due([disk.late.pop(work) for work in works[:most]])
        return works[most:]

    queue = ReadyQueue(EMAIL, cast("DeliveryStore", disk), wake=wake, budget=WINDOW)
    return queue


def come_due(queue: ReadyQueue, disk: Disk, tasks: Sequence[Task]) -> None:
    """Their time has come: those that find no room wait as numbers."""
    for task in tasks:
        disk.late[task.work] = task
        key = Lane(task.request.lane), task.request.tenant
        queue.put_due([disk.late.pop(work) for work in queue.fitting(*key, [task.work])])


def plan(queue: ReadyQueue, disk: Disk, tasks: Sequence[Task]) -> None:
    disk.store(tasks)
    queue.put(tasks)


def claim(queue: ReadyQueue, disk: Disk, most: int) -> list[int]:
    """Take work in hand: it is no longer pending."""
    taken = [task.work for task in queue.take(most, serves=lambda *_: True)]
    for work in taken:
        disk.pending.pop(work, None)
    return taken


async def let_run() -> None:
    """Everything has gone on that can: from one halt to the next it is a few turns."""
    for _ in range(10):
        await asyncio.sleep(0)


async def handed_out(
    queue: ReadyQueue, disk: Disk, *, filling: asyncio.Task[None] | None = None
) -> list[int]:
    """All the work, to the end, in its order; claimed as it comes."""
    handed: list[int] = []
    while True:
        filling = filling or asyncio.create_task(queue.fill())
        await let_run()
        while disk.is_halted:
            disk.go_on()
            await let_run()
        await filling
        filling = None
        works = claim(queue, disk, 7)
        handed += works
        if not works:
            return handed
