"""Asks again what is held when people change: their hours, their zone, what they agree to."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

import structlog

from sendwell.domain.admission import Go, Hold
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.instant import microseconds_of
from sendwell.messages.task import Task
from sendwell.ports.clock import Clock
from sendwell.ports.directory import ANYBODY, Changed
from sendwell.roles.delivery.events import AskedAgain, Event
from sendwell.roles.delivery.gate import Checked, Gate
from sendwell.roles.delivery.held import HeldPlace, HeldWork
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.sweeps import MOST_NAMED, Sweep, Sweeps
from sendwell.runtime.timers import Timers

log = structlog.get_logger()
T = TypeVar("T")
_CHUNK = 128
"""Held work in one question: to ask the rules takes 0.2 ms each, and others wait meanwhile."""
_PEOPLE = 500
"""People in one question."""
_MOST_FOUND = 2_000
"""Of people who are looked for by name; where there may be more, they are swept for."""
_MOST_SWEPT = 1_000
"""Held work between two pauses: 100,000 take a minute or two, and a fifth of a core."""
_A_QUESTION = 20
"""What one counts for, however little it finds."""
_A_MOMENT_SECONDS = 0.5
"""Until what was decided for the person as it was is on disk; and who changes meanwhile is looked
for by the same question."""
_RESTS = 2
"""Pauses for each look, as long as it took, so that constant changes keep no database busy."""
_LONGEST_REST_SECONDS = 2.0
_QUIET_HOURS = "quiet_hours"


class PeopleLook:
    """What is held for a person would wait for a time that the person may no longer wish.

    So the rules are asked at once, and what they no longer hold, or hold until another time, comes
    due; what they hold as before is not touched. Who is named is found by an index; lists of
    recipients, and tenants of whom many have changed, are swept for a slice at a time, between
    pauses. It begins with everybody: nobody knows who has changed while this process was away.
    """

    def __init__(
        self,
        store: DeliveryStore,
        held: HeldWork,
        gate: Gate,
        *,
        settle: Callable[[Sequence[Event]], None],
        timers: Timers,
        clock: Clock,
    ) -> None:
        self._store = store
        self._held = held
        self._gate = gate
        self._settle = settle
        self._timers = timers
        self._clock = clock
        self._named: dict[TenantId, set[UserId]] = {}
        self._sweeps = Sweeps()
        self._is_anybody = False
        self._arrived = asyncio.Event()
        self.changed(ANYBODY)

    def changed(self, who: Changed) -> None:
        """Look again at what is held for them, soon."""
        if who.tenant is None:
            self._is_anybody = True
        elif who.user is None:
            self._sweeps.want(who.tenant, None)
        else:
            self._name(who.tenant, who.user)
        self._arrived.set()

    async def run(self) -> None:
        """Look again, for ever."""
        took = 0.0
        while True:
            await self._arrived.wait()
            await asyncio.sleep(min(max(_A_MOMENT_SECONDS, _RESTS * took), _LONGEST_REST_SECONDS))
            began = self._clock.elapsed()
            try:
                await self._look()
            except Unavailable as error:
                log.warning("delivery.not_looked_again", error=error.message)
            took = self._clock.elapsed() - began

    async def _look(self) -> None:
        if self._is_anybody:
            await self._look_for_anybody()
        await self._look_for_named()
        self._sweeps.begin()
        await self._sweep()
        if not self._sweeps and not self._named and not self._is_anybody:
            self._arrived.clear()

    def _name(self, tenant: TenantId, user: UserId) -> None:
        users = self._named.setdefault(tenant, set())
        users.add(user)
        if len(users) > MOST_NAMED:
            del self._named[tenant]
            self._sweeps.want(tenant, None)

    async def _look_for_anybody(self) -> None:
        self._is_anybody = False
        try:
            for tenant in await self._held.tenants():
                self._sweeps.want(tenant, None)
        except BaseException:
            self._is_anybody = True
            raise

    async def _look_for_named(self) -> None:
        """Some people of each tenant in turn: nobody's many hold up another's few."""
        waiting, self._named = deque(self._named.items()), {}
        try:
            while waiting:
                tenant, users = waiting[0]
                some = set(islice(users, _PEOPLE))
                is_enough = await self._find(tenant, some)
                waiting.popleft()
                if not is_enough and (rest := users - some):
                    waiting.append((tenant, rest))
        except BaseException:
            for tenant, users in waiting:
                for user in users:
                    self._name(tenant, user)
            raise

    async def _find(self, tenant: TenantId, users: set[UserId]) -> bool:
        """Look for these; True where no more of the tenant are to be looked for by name."""
        if not await self._held.is_there(tenant):
            return True
        works = await self._held.of_people(tenant, users, limit=_MOST_FOUND)
        if len(works) == _MOST_FOUND:
            self._sweeps.want(tenant, None)
            return True
        for chunk in _chunks(works, _CHUNK):
            await self._ask_again(await self._store.load(chunk), is_named=True)
        self._sweeps.want(tenant, users)
        return False

    async def _sweep(self) -> None:
        left = _MOST_SWEPT
        while left > 0 and (turn := self._sweeps.first()):
            tenant, sweep = turn
            page = await self._page(tenant, sweep)
            tasks = await self._store.load([each.work for each in page])
            users = sweep.users
            if users is not None:
                tasks = [task for task in tasks if _user_of(task) in users]
            await self._ask_again(tasks, is_named=users is not None)
            self._sweeps.reached(tenant, page[-1] if len(page) == _CHUNK else None)
            left -= _A_QUESTION + len(page)

    async def _page(self, tenant: TenantId, sweep: Sweep) -> list[HeldPlace]:
        if sweep.users is None:
            return await self._held.of_tenant(tenant, after=sweep.place, limit=_CHUNK)
        return await self._held.of_nobody_alone(tenant, after=sweep.place, limit=_CHUNK)

    async def _ask_again(self, tasks: Sequence[Task], *, is_named: bool) -> None:
        """Make due what the rules no longer hold as they did."""
        now = self._clock.now()
        checked = await self._gate.check(tasks, now) if tasks else ()
        moved = {
            each.task.work: each.task for each in checked if not _stays(each, is_named=is_named)
        }
        if not moved:
            return
        hastened = await self._held.hasten(moved, now)
        self._settle([AskedAgain(moved[work], now) for work in hastened])
        for work in hastened:
            self._timers.add(now, work)


def _stays(checked: Checked, *, is_named: bool) -> bool:
    """Whether the delivery keeps its present `due`.

    Only consent and quiet hours were asked again. What a limit holds stays, unless a person was
    named: their time zone may have changed, and with it the day of their budget.
    """
    task = checked.task
    match checked.verdict:
        case Hold(until, rule):
            until_us, expires_at = microseconds_of(until), task.request.expires_at
            due = until_us if expires_at is None else min(until_us, expires_at)
            return (rule, due) == (task.reason, task.due)
        case Go():
            return task.reason != _QUIET_HOURS and not is_named
    return False


def _user_of(task: Task) -> UserId | None:
    return task.request.to[task.recipient].user_id


def _chunks(items: Sequence[T], most: int) -> list[Sequence[T]]:
    return [items[start : start + most] for start in range(0, len(items), most)]
