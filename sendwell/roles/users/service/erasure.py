"""Erases people: at once here, then everywhere else until nobody has anything left."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from sendwell.domain.errors import Conflict, NotFound, SendwellError
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import Node, TenantId, UserId
from sendwell.domain.instant import microseconds_in
from sendwell.domain.pauses import Pauses
from sendwell.ports.clock import Clock, Ids
from sendwell.ports.keepers import Keeper, Whom
from sendwell.ports.tenants import Caller
from sendwell.roles.users.store.erasure import Ask, Erasure, ErasureStore, Progress
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.waiting import wait_at_most

log = structlog.get_logger()
SETTLING = timedelta(seconds=6)
"""Others may remember a person for 5 s, and begin a send: what they have put down
by then is found by a look after that."""

_BUSY = "Something is under way."
_PAUSE_SECONDS = 0.4
_LONGEST_PAUSE_SECONDS = 30.0
Gone = Callable[[TenantId, UserId], Awaitable[None]]


class Erasures:
    """Erasures of all tenants. `run` must run: it goes on with those that an earlier process left.

    `gone` makes everybody here forget the person. All `keepers` are asked, in their order, ours
    too. `deeds` is the audit log, where that is ours.
    """

    def __init__(
        self,
        store: ErasureStore,
        *,
        clock: Clock,
        ids: Ids,
        gone: Gone,
        keepers: Mapping[str, Keeper],
        deeds: Deeds | None = None,
        settling: timedelta = SETTLING,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._gone = gone
        self._deeds = deeds
        self._settling = microseconds_in(settling)
        self._keepers = keepers
        self._woken = asyncio.Event()

    async def ask(self, caller: Caller, user: UserId) -> Erasure:
        """From when this returns the person is gone here, and stays gone; the rest follows.

        Also for an id that nobody has stored: others may hold something under it. While one
        erasure of the person is under way, asking again gives that one.
        """
        tenant = caller.tenant
        if (known := await self._store.open_of(tenant, user)) is not None:
            return known
        ask = Ask(tenant, user, self._ids.notification(), caller.name, self._clock.now())
        if self._deeds is not None:
            whose = pseudonym(tenant, user)
            await self._deeds.record(caller, "person.erased", whose, {"erasure": ask.id})
        await self._store.begin(ask)
        await self._gone(tenant, user)
        self._woken.set()
        log.info("erasure.begun", tenant=tenant, erasure=ask.id)
        return await self.find(tenant, ask.id)

    async def find(self, tenant: TenantId, number: str) -> Erasure:
        """How far one is. Raises NotFound."""
        found = await self._store.find(tenant, number)
        if found is None:
            raise NotFound(f"There is no erasure {number}.")
        return found

    async def record_revival(self, caller: Caller, user: UserId) -> None:
        """The person has asked to come back: it is on the audit log, without saying who.

        Raises Conflict while they are being erased: what came now would go as well.
        """
        found = await self._store.open_of(caller.tenant, user)
        if found is not None:
            raise Conflict(
                f"{user} is being erased. Wait until GET /api/v1/erasures/{found.id} says done.",
                code="erasure_under_way",
            )
        if self._deeds is not None:
            whose = pseudonym(caller.tenant, user)
            await self._deeds.record(caller, "person.revived", whose, {})

    async def adopt(self, node: Node) -> int:
        """Go on with what another process may have left; how much that is shows later."""
        del node
        self._woken.set()
        return 0

    async def run(self) -> None:
        """Go on with all that are open; look again while any is, and sleep while none is."""
        pauses = Pauses(_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            self._woken.clear()
            waits = [await self._advance(each) for each in await self._store.open()]
            soonest = min((wait for wait in waits if wait is not None), default=None)
            if soonest is None:
                pauses.reset()
            timeout = None if soonest is None else max(soonest, pauses.take())
            await wait_at_most(self._woken, timeout)

    async def _advance(self, erasure: Erasure) -> float | None:
        """Ask whoever has not confirmed yet; gives the seconds until the next look, None when
        nobody has anything left.
        """
        if erasure.whom is None:
            return None
        ripe = erasure.asked_at + self._settling - self._clock.now()
        is_last = ripe <= 0
        progress = dict(erasure.progress)
        for name, keeper in self._keepers.items():
            before = progress.get(name, Progress())
            if not before.is_done:
                progress[name] = await _ask(keeper, erasure.whom, before, is_last=is_last)
                await self._store.note(erasure, progress)
                failpoint("erase.after")
                # Of a send that is out those behind may still be told.
                is_last = is_last and progress[name].waits != _BUSY
        if all(progress[name].is_done for name in self._keepers):
            await self._finish(erasure, progress)
            return None
        return max(0.0, ripe / 1e6)

    async def _finish(self, erasure: Erasure, progress: Mapping[str, Progress]) -> None:
        await self._store.finish(erasure, progress, now=self._clock.now())
        total = sum(each.erased for each in progress.values())
        log.info("erasure.done", tenant=erasure.tenant, erasure=erasure.id, erased=total)


async def _ask(keeper: Keeper, whom: Whom, before: Progress, *, is_last: bool) -> Progress:
    """Have one keeper go through all of its steps."""
    count, is_busy, after = before.erased, False, None
    try:
        while True:
            step = await keeper.erase(whom, after=after)
            count, is_busy, after = count + step.count, is_busy or step.is_busy, step.after
            if after is None:
                break
    except SendwellError as error:
        return Progress(count, waits=error.message)
    return Progress(count, is_last and not is_busy, _BUSY if is_busy else None)
