"""The ready queue of one channel: a bounded window over the pending work on disk.

A tenant's work beyond its window is not kept in memory; it is read back by its number when the
window has run half empty. What is long counts as several.
"""

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sendwell.domain.fair_queue import FairQueue, Serves
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import BY_NUMBER, Lane
from sendwell.messages.task import Task
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.weight import share

_BUDGET = 4_096
_LEAST_WINDOW = 32
_WOKEN_TOGETHER = 512
_Key = tuple[Lane, TenantId]
Wake = Callable[[Sequence[int]], Awaitable[Sequence[int]]]
"""Puts work whose time has come, as much as is read at once; gives the numbers that are left."""


@dataclass(slots=True)
class _Spill:
    """Work of one tenant in one lane that is only on disk, behind the work numbered `after`.

    `late` is what came while the disk was being read; None: it is not being read.
    """

    after: int
    late: list[Task] | None = None


class ReadyQueue:
    """Tasks that may be sent now, in the order they should be."""

    def __init__(
        self, channel: ChannelName, store: DeliveryStore, *, wake: Wake, budget: int = _BUDGET
    ) -> None:
        self._channel = channel
        self._store = store
        self._wake = wake
        self._budget = budget
        self._queue: FairQueue[Task] = FairQueue(weigh=share)
        self._last: dict[_Key, int] = {}
        self._spills: dict[_Key, _Spill] = {}
        self._overdue: dict[_Key, array[int]] = {}
        """Work whose time has come and that found no room: its numbers, first come first."""
        self._expected: set[int] = set()
        """Work on its way to the disk that will be put: not to be read back before."""
        self._due: set[int] = set()
        """Work that waits here whose time may come again: it was made due before that."""
        self._stranded: dict[TenantId, list[Task]] = {}
        self._aside = 0
        """How many are stranded."""
        self._weight_aside = 0
        self.changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue) + self._aside

    @property
    def weight(self) -> int:
        """For how many short ones those count that are in memory."""
        return self._queue.weight + self._weight_aside

    @property
    def has_urgent(self) -> bool:
        """Whether anything urgent waits."""
        is_here = self._queue.has_urgent or self._aside > 0
        return is_here or any(lane.is_urgent for lane, _ in (*self._spills, *self._overdue))

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, neither here nor on disk only: what comes new may go at once."""
        return not len(self) and not self.is_spilled

    @property
    def has_any(self) -> bool:
        """Whether anything waits here that `take` may give."""
        return len(self._queue) > 0

    @property
    def has_stranded(self) -> bool:
        """Whether anything is left aside until `bring_back`."""
        return self._aside > 0

    @property
    def stranded(self) -> Collection[TenantId]:
        """Whose work that is."""
        return self._stranded.keys()

    @property
    def is_spilled(self) -> bool:
        """Whether some of it is only on disk."""
        return bool(self._spills or self._overdue)

    def put(self, tasks: Iterable[Task]) -> None:
        """Add new work, in the order of its numbers; all of it is on disk."""
        for task in tasks:
            self._expected.discard(task.work)
            self._put(task)
        self.changed.set()

    def expect(self, tasks: Iterable[Task]) -> None:
        """These are on their way to the disk; `put` follows, or `forget`."""
        self._expected.update(task.work for task in tasks)

    def forget(self, tasks: Iterable[Task]) -> None:
        """They did not get there."""
        self._expected.difference_update(task.work for task in tasks)

    def has_room(self, count: int) -> bool:
        """Whether so much whose time has come finds room, of whatever tenant."""
        return not self._overdue and self._queue.weight + count <= self._budget

    def fitting(self, lane: Lane, tenant: TenantId, works: Sequence[int]) -> Sequence[int]:
        """The first of a tenant's works whose time has come, as far as there is room. The others
        are woken when the window has run low.
        """
        key = (lane, tenant)
        room = 0
        if key not in self._overdue:
            room = max(0, self._window() - self._queue.waiting(*key))
        if late := works[room:]:
            self._overdue.setdefault(key, array("q")).extend(late)
            self.changed.set()
        return works[:room]

    def put_due(self, tasks: Iterable[Task]) -> None:
        """Add work whose time has come: not left to the disk, for its number lies behind.

        What waits here since an earlier time stays once: two of it would count twice for limits.
        """
        for task in tasks:
            if task.work not in self._due:
                self._due.add(task.work)
                self._queue.put(BY_NUMBER[task.request.lane], task.request.tenant, task)
        self.changed.set()

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Return work that was taken and could not go, in its old place. It has had its turn."""
        self._due.update(task.work for task in tasks)
        for task in reversed(tasks):
            self._queue.put_back(BY_NUMBER[task.request.lane], task.request.tenant, task)

    def untake(self, tasks: Sequence[Task]) -> None:
        """Return work of `take`, in the order in which it was taken; its turn comes again."""
        self._due.update(task.work for task in tasks)
        for task in reversed(tasks):
            self._queue.untake(BY_NUMBER[task.request.lane], task.request.tenant, task)

    def recover(self, lane: Lane, tenant: TenantId) -> None:
        """There is pending work on disk from before."""
        self._spills[lane, tenant] = _Spill(after=0)
        self.changed.set()

    def take(self, most: int, *, serves: Serves) -> list[Task]:
        """Up to `most` tasks, lanes and tenants in their order."""
        taken = self._queue.take(most, serves=serves)
        self._due.difference_update(task.work for task in taken)
        return taken

    def take_urgent(self, most: int, *, of: Callable[[TenantId], bool]) -> list[Task]:
        """Up to `most` urgent tasks of these tenants; none where too many are stranded already."""
        room = most if self._weight_aside < self._budget else 0
        taken = self._queue.take_urgent(room, serves=lambda _, tenant: of(tenant))
        self._due.difference_update(task.work for task in taken)
        return taken

    def strand(self, tasks: Sequence[Task]) -> None:
        """Return urgent work that nothing can be done for: it is not taken before `bring_back`."""
        self._due.update(task.work for task in tasks)
        for task in tasks:
            self._stranded.setdefault(task.request.tenant, []).append(task)
        self._aside += len(tasks)
        self._weight_aside += sum(map(share, tasks))

    def bring_back(self, *, of: Callable[[TenantId], bool]) -> None:
        """What is stranded of these tenants may be taken again, in its old place."""
        for tenant in [tenant for tenant in self._stranded if of(tenant)]:
            tasks = self._stranded.pop(tenant)
            self._aside -= len(tasks)
            self._weight_aside -= sum(map(share, tasks))
            self.put_back(tasks)

    async def fill(self) -> None:
        """Read back what was left on disk, where the window has run low; a portion of each, which
        may leave the window low: then `changed` says so.
        """
        for key in list(self._overdue):
            if self._is_low(key):
                await self._wake_some(key)
                self._say_if_low(key)
        for key, spill in list(self._spills.items()):
            if self._is_low(key):
                await self._read_back(key, spill)
                self._say_if_low(key)

    def _put(self, task: Task) -> None:
        key = (BY_NUMBER[task.request.lane], task.request.tenant)
        last = self._last.get(key, 0)
        if spill := self._spills.get(key):
            if spill.late is not None:
                spill.late.append(task)
            elif task.work <= spill.after:  # it was numbered before, but committed after the last
                self._keep(key, task)
        elif self._queue.waiting(*key) >= self._window() and task.work > last:
            self._spills[key] = _Spill(after=task.work - 1)
        else:
            self._keep(key, task)

    def _keep(self, key: _Key, task: Task) -> None:
        self._queue.put(*key, task)
        self._last[key] = max(self._last.get(key, 0), task.work)

    def _is_low(self, key: _Key) -> bool:
        return self._queue.waiting(*key) <= self._window() // 2

    def _say_if_low(self, key: _Key) -> None:
        if (key in self._spills or key in self._overdue) and self._is_low(key):
            self.changed.set()

    async def _wake_some(self, key: _Key) -> None:
        late = self._overdue[key]
        works = late[: min(_WOKEN_TOGETHER, self._window())].tolist()
        late[: len(works)] = array("q", await self._wake(works))
        if not late:
            del self._overdue[key]

    async def _read_back(self, key: _Key, spill: _Spill) -> None:
        limit = self._window()
        spill.late = []
        read: Collection[int] = ()
        try:
            tasks, last = await self._store.ready(
                self._channel, *key, after=spill.after, limit=limit
            )
            self._take_in(tasks, key, last)
            read = {task.work for task in tasks}
        finally:  # when the reading fails, what came meanwhile is treated as if it came now
            late, spill.late = spill.late, None
            for task in late:
                if task.work not in read:
                    self._put(task)

    def _take_in(self, tasks: Sequence[Task], key: _Key, last: int | None) -> None:
        for task in tasks:
            if task.work not in self._expected:
                self._keep(key, task)
        if last is None:
            del self._spills[key]  # from now on all is in memory again
        else:
            self._spills[key].after = last

    def _window(self) -> int:
        spilled = len(self._spills) + len(self._overdue)
        return max(_LEAST_WINDOW, self._budget // max(1, spilled))
