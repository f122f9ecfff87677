"""The receipts role at work: takes in what providers say and moves deliveries, once for each move.

One worker settles everything in batches: whatever came in while the last commit was in flight is
the next batch.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.messages.receipt import Receipt
from sendwell.messages.status import Status
from sendwell.ports.clock import Clock, Ids
from sendwell.ports.deliveries import Deliveries
from sendwell.ports.suppressions import Suppressions
from sendwell.roles.receipts.awaited import Awaited
from sendwell.roles.receipts.look import SECOND, Look
from sendwell.roles.receipts.settler import ReceiptSettler
from sendwell.roles.receipts.store import ReceiptStore
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene
from sendwell.runtime.timers import Timers

log = structlog.get_logger()
_MOST_CALLS = 1_000
_MOST_TOGETHER = 2_000
_MOST_WOKEN = 500
_AFTER_A_FAILURE = 30 * SECOND


@dataclass(frozen=True, slots=True)
class _Call:
    """Somebody who waits until these receipts are on disk."""

    looks: Sequence[Look]
    answered: asyncio.Future[None]

    def answer(self, error: Exception | None = None) -> None:
        if self.answered.done():  # whoever asked has gone; what was committed stands
            return
        if error is None:
            self.answered.set_result(None)
        else:
            self.answered.set_exception(error)


class Receipts:
    """Hears Status, says Status. `run` must run for `take` to come back."""

    def __init__(
        self,
        store: ReceiptStore,
        deliveries: Deliveries,
        suppressions: Suppressions,
        *,
        flow: Flow,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._awaited = Awaited()
        self._timers = Timers(clock, load=store.due, fire=self._fire)
        self._settler = ReceiptSettler(
            store,
            deliveries,
            suppressions,
            flow=flow,
            clock=clock,
            awaited=self._awaited,
            wait=self._timers.add,
        )
        self._calls: deque[_Call] = deque()
        self._woken: set[int] = set()
        self._arrived = asyncio.Event()
        self._is_stopping = False

    async def take(
        self, provider: str, receipts: Sequence[Receipt], *, tenant: TenantId | None = None
    ) -> None:
        """The receipts are on disk, each event once, together with the moves they make.

        `provider` is the account as it stands in the history; `tenant` is whose account it is:
        then what it says of other tenants' deliveries has no effect. A receipt whose delivery is
        not known yet is kept, and settled when that is committed or its patience is over.
        Raises Unavailable when there is too much to do; nothing is stored then.
        """
        if self._is_stopping or len(self._calls) >= _MOST_CALLS:
            raise Unavailable("Receipts cannot be taken right now; send them again.")
        if not receipts:
            return
        now = self._clock.now()
        looks = [
            Look(self._ids.position(), provider, tenant=tenant, receipt=receipt, taken_at=now)
            for receipt in receipts
        ]
        call = _Call(looks, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        self._arrived.set()
        await call.answered

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        """What a receipt waits for is about to be committed."""
        woken = {number for status in batch for number in self._awaited.woken_by(status)}
        if woken:
            scene.after_commit(lambda: self._wake(woken))
        return ()

    async def forget(self, before: int) -> int:
        """Forget what is as old and about nothing that is still kept; gives how much that was."""
        return await self._store.forget(before)

    async def run(self) -> None:
        """Settle until `stop`, then what was taken in before it. When it ends otherwise it can be
        run again: whoever waits goes on waiting.
        """
        async with asyncio.TaskGroup() as group:
            timers = group.create_task(self._timers.run())
            await self._settle_all()
            timers.cancel()

    def stop(self) -> None:
        """Take nothing more. What waits stays on disk."""
        self._is_stopping = True
        self._arrived.set()

    async def _settle_all(self) -> None:
        while self._calls or not self._is_stopping:
            if not self._calls and not self._woken:
                self._arrived.clear()
                await self._arrived.wait()
            await self._answer_next()
            await self._look_again()

    async def _fire(self, numbers: Sequence[int]) -> None:
        self._wake(numbers)

    def _wake(self, numbers: Iterable[int]) -> None:
        self._woken.update(numbers)
        self._arrived.set()

    async def _look_again(self) -> None:
        """Settle what was woken, by its time or by a commit."""
        woken = [self._woken.pop() for _ in range(min(_MOST_WOKEN, len(self._woken)))]
        if not woken:
            return
        try:
            await self._settler.settle(await self._store.load(woken))
        except asyncio.CancelledError:
            self._woken.update(woken)
            raise
        except Exception as error:  # they are on disk: the next look may do better
            if not isinstance(error, Unavailable):  # whoever is away tells so itself
                log.exception("receipts.look_failed", receipts=len(woken))
            due = self._clock.now() + _AFTER_A_FAILURE
            for number in woken:
                self._timers.add(due, number)

    async def _answer_next(self) -> None:
        calls = self._next_calls()
        try:
            await self._answer(calls)
        finally:  # when it is cancelled, those who have heard nothing are the next again
            left = [call for call in calls if not call.answered.done()]
            self._calls.extendleft(reversed(left))

    def _next_calls(self) -> list[_Call]:
        """What is settled together: as much as one commit should carry."""
        calls: list[_Call] = []
        size = 0
        while self._calls and size < _MOST_TOGETHER:
            calls.append(self._calls.popleft())
            size += len(calls[-1].looks)
        return calls

    async def _answer(self, calls: Sequence[_Call]) -> None:
        """Settle calls together; when that fails, each alone, so that none fails for another."""
        if not calls:
            return
        try:
            await self._settler.settle([look for call in calls for look in call.looks])
        except Exception as error:  # noqa: BLE001 - whoever took them in hears of it
            if len(calls) == 1:
                calls[0].answer(error)
                return
            for call in calls:
                await self._answer([call])
        else:
            for call in calls:
                call.answer()
