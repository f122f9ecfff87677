"""The ready queue of one channel: a bounded window over the pending work on disk.

A tenant's work beyond its window is not kept in memory; it is read back by its number when the
window has run half empty.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sendwell.domain.fair_queue import FairQueue, Serves
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import BY_NUMBER, Lane
from sendwell.messages.task import Task
from sendwell.roles.delivery.store import DeliveryStore

_BUDGET = 4_096
_LEAST_WINDOW = 32
_Key = tuple[Lane, TenantId]


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
        self, channel: ChannelName, store: DeliveryStore, *, budget: int = _BUDGET
    ) -> None:
        self._channel = channel
        self._store = store
        self._budget = budget
        self._queue: FairQueue[Task] = FairQueue()
        self._last: dict[_Key, int] = {}
        self._spills: dict[_Key, _Spill] = {}
        self._expected: set[int] = set()
        """Work on its way to the disk that will be put: not to be read back before."""
        self._due: set[int] = set()
        """Work that waits here whose time may come again: it was made due before that."""
        self._stranded: dict[TenantId, list[Task]] = {}
        self._aside = 0
        """How many are stranded."""
        self.changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue) + self._aside

    @property
    def has_urgent(self) -> bool:
        """Whether anything urgent waits."""
        is_here = self._queue.has_urgent or self._aside > 0
        return is_here or any(lane.is_urgent for lane, _ in self._spills)

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
        return bool(self._spills)

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

    def put_due(self, tasks: Iterable[Task]) -> None:
        """Add work whose time has come: never left to the disk, for its number lies behind.

        What waits here since an earlier time stays once: two of it would count twice for limits.
        """
        for task in tasks:
            if task.work not in self._due:
                self._due.add(task.work)
                self._queue.put(BY_NUMBER[task.request.lane], task.request.tenant, task)
        self.changed.set()

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Return work that was taken and could not go, in its old place."""
        self._due.update(task.work for task in tasks)
        for task in reversed(tasks):
            self._queue.put_back(BY_NUMBER[task.request.lane], task.request.tenant, task)

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
        room = min(most, self._budget - self._aside)
        taken = self._queue.take_urgent(room, serves=lambda _, tenant: of(tenant))
        self._due.difference_update(task.work for task in taken)
        return taken

    def strand(self, tasks: Sequence[Task]) -> None:
        """Return urgent work that nothing can be done for: it is not taken before `bring_back`."""
        self._due.update(task.work for task in tasks)
        for task in tasks:
            self._stranded.setdefault(task.request.tenant, []).append(task)
        self._aside += len(tasks)

    def bring_back(self, *, of: Callable[[TenantId], bool]) -> None:
        """What is stranded of these tenants may be taken again, in its old place."""
        for tenant in [tenant for tenant in self._stranded if of(tenant)]:
            tasks = self._stranded.pop(tenant)
            self._aside -= len(tasks)
            self.put_back(tasks)

    async def fill(self) -> None:
        """Read back what was left on disk, where the window has run low."""
        for key, spill in list(self._spills.items()):
            if self._queue.waiting(*key) <= self._window() // 2:
                await self._read_back(key, spill)

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

    async def _read_back(self, key: _Key, spill: _Spill) -> None:
        limit = self._window()
        spill.late = []
        read: Collection[int] = ()
        try:
            tasks = await self._store.ready(self._channel, *key, after=spill.after, limit=limit)
            self._take_in(tasks, key, is_end=len(tasks) < limit)
            read = {task.work for task in tasks}
        finally:  # when the reading fails, what came meanwhile is treated as if it came now
            late, spill.late = spill.late, None
            for task in late:
                if task.work not in read:
                    self._put(task)

    def _take_in(self, tasks: Sequence[Task], key: _Key, *, is_end: bool) -> None:
        for task in tasks:
            if task.work not in self._expected:
                self._keep(key, task)
        if is_end:
            del self._spills[key]  # from now on all is in memory again
        else:
            self._spills[key].after = tasks[-1].work

    def _window(self) -> int:
        return max(_LEAST_WINDOW, self._budget // max(1, len(self._spills)))
