"""The delivery role at work: takes tasks, runs the pumps, wakes what is due, recovers."""

import asyncio
from collections.abc import Mapping, Sequence

from sendwell.domain.admission import Stop
from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Fault, Unknown
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.ports.clock import Clock, Ids
from sendwell.roles.delivery.dispatcher import Dispatcher
from sendwell.roles.delivery.settler import Sent, Settler, Stopped
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene
from sendwell.runtime.timers import Timers
from sendwell.telemetry.names import BREAKER_OPEN, READY

_CHUNK = 500


class Delivery:
    """All channels of one process."""

    def __init__(
        self,
        store: DeliveryStore,
        settler: Settler,
        dispatchers: Mapping[ChannelName, Dispatcher],
        *,
        timers: Timers,
        clock: Clock,
        ids: Ids,
        epoch: int,
    ) -> None:
        self._store = store
        self._settler = settler
        self._dispatchers = dispatchers
        self._timers = timers
        self._clock = clock
        self._ids = ids
        self._epoch = epoch

    async def on_tasks(self, tasks: Sequence[Task], scene: Scene) -> Sequence[Message]:
        """Take tasks into the ready queue, durably, in the transaction of whoever said them."""
        for task in tasks:
            task.work = self._ids.position()
        scene.write(self._store.put(tasks))
        scene.after_commit(lambda: self._admit(tasks))
        return ()

    async def wake(self, works: Sequence[int]) -> None:
        """What waited for its time may be looked at again."""
        for task in await self._store.load(works):
            if task.due <= self._clock.now():
                self._dispatchers[task.channel].ready.put_due([task])
            else:  # it was put off once more
                self._timers.add(task.due, task.work)

    async def recover(self) -> int:
        """Pick up what an earlier process left; gives the number of attempts it died in."""
        for channel, lane, tenant in await self._store.backlogs():
            self._dispatchers[channel].ready.recover(lane, tenant)
        unknown = 0
        while tasks := await self._store.abandoned(epoch=self._epoch, limit=_CHUNK):
            await self._store.adopt([task.work for task in tasks], self._epoch)
            for task in tasks:
                unknown += task.state is State.PROCESSING
                self._settler.put(self._left_behind(task))
        return unknown

    async def cancel(self, request: Requested) -> list[str]:
        """Stop what has not gone out yet; gives the parts that were stopped."""
        tasks = await self._store.of(request.tenant, request.position)
        taken = await self._store.withdraw([task.work for task in tasks])
        cancelled = [task for task, is_ours in zip(tasks, taken, strict=True) if is_ours]
        for task in cancelled:
            self._settler.put(Stopped(task, _CANCELLED))
        return [task.part for task in cancelled]

    def observe(self) -> None:
        """Set the gauges to how things are now."""
        for channel, dispatcher in self._dispatchers.items():
            READY.labels(channel).set(len(dispatcher.ready))
            for account in dispatcher.exchange.accounts:
                is_spared = account.breaker.reopens_at is not None
                BREAKER_OPEN.labels(channel, account.name).set(is_spared)

    async def run(self) -> None:
        """Work until `stop`; then everything in flight is back and on record."""
        settling = asyncio.create_task(self._settler.run())
        try:
            await asyncio.gather(*(each.run() for each in self._dispatchers.values()))
        finally:
            self._settler.stop()
            await settling

    def stop(self) -> None:
        """Take nothing more in hand."""
        for dispatcher in self._dispatchers.values():
            dispatcher.stop()

    def _admit(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.state is State.PENDING:
                self._dispatchers[task.channel].ready.put([task])
            else:
                self._timers.add(task.due, task.work)

    def _left_behind(self, task: Task) -> Sent | Stopped:
        if task.state is State.CANCELLED:
            task.state = State.PENDING
            return Stopped(task, _CANCELLED)
        fault = Fault("unknown", "Sendwell stopped while the send was in flight.", Blame.US)
        return Sent(task, Unknown(fault), self._clock.now())


_CANCELLED = Stop(State.CANCELLED, "cancel", "It was cancelled before it went out.")
