"""The delivery role at work: takes tasks, runs the pumps, wakes what is due, recovers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import compress

from sendwell.domain.admission import CANCELLED, NOT_DELIVERED, OWN_ENDS, Stop
from sendwell.domain.errors import Conflict, Invalid, Unavailable
from sendwell.domain.grouping import group
from sendwell.domain.ids import ChannelName, Node, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Fault, Unknown
from sendwell.domain.policy import Policy
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.ports import questions as q
from sendwell.ports.clock import Clock, Ids
from sendwell.ports.journal import Journal
from sendwell.roles.delivery.dispatcher import Dispatcher
from sendwell.roles.delivery.events import Sent, Stopped
from sendwell.roles.delivery.second_look import SecondLook
from sendwell.roles.delivery.settler import Settler
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.cancelled import Cancelled
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene
from sendwell.runtime.timers import Timers
from sendwell.telemetry.names import BREAKER_OPEN, READY

_CHUNK = 500
_FEW = 32
_A_MOMENT = 0.01
_STANDS_STILL = 512
_MOST_TAKEN = 2_048
"""Tasks in one transaction; after an outage a bus hands out a hundred thousand at a time."""


class Delivery:
    """All channels of one process."""

    def __init__(
        self,
        store: DeliveryStore,
        settler: Settler,
        dispatchers: Mapping[ChannelName, Dispatcher],
        *,
        journal: Journal,
        inward: Flow,
        timers: Timers,
        clock: Clock,
        ids: Ids,
        epoch: int,
        freed: asyncio.Event,
        second_look: SecondLook,
    ) -> None:
        self._store = store
        self._settler = settler
        self._dispatchers = dispatchers
        self._journal = journal
        self._inward = inward
        """Where tasks that have come by a bus are heard."""
        self._timers = timers
        self._clock = clock
        self._ids = ids
        self._epoch = epoch
        self._freed = freed
        """Set by the dispatchers when a seat is free and nobody waits for it."""
        self._second_look = second_look
        self._cancelled = Cancelled(journal, store)
        self._busy: set[Dispatcher] = set()
        """Who got work from the last plan."""

    async def on_tasks(self, tasks: Sequence[Task], scene: Scene) -> Sequence[Message]:
        """Take tasks into the ready queue, durably, in the transaction of whoever said them.

        Those of a channel that nobody delivers by here end after it.
        """
        pending: dict[ChannelName, list[Task]] = {}
        for task in tasks:
            task.work = self._ids.position()
            if task.state is State.PENDING:
                pending.setdefault(task.channel, []).append(task)
        for channel, own in pending.items():
            if dispatcher := self._dispatchers.get(channel):
                await self._seat(dispatcher, own, scene)
            else:
                self._turn_away(own, scene)
        scene.write(self._store.put(tasks, epoch=self._epoch))
        scene.write(self._journal.planned(Counter(task.request.tenant for task in tasks)))
        scene.after_commit(lambda: self._wait_for_time(tasks))
        return ()

    async def take_arrived(self, tasks: Sequence[Task]) -> None:
        """Take tasks that have come by a bus, unless we have had them. Durable when it returns.

        Raises Conflict where another process took one of several at the same moment: then each is
        to be handed in alone. Raises Unavailable, when the others are taken, for those of a channel
        that nobody delivers by here: they are to stay where they are.
        """
        ours = [task for task in tasks if task.channel in self._dispatchers]
        for start in range(0, len(ours), _MOST_TAKEN):
            fresh = await self._store.unknown(ours[start : start + _MOST_TAKEN])
            fresh.sort(key=lambda task: task.request.lane)
            for channel, own in group(fresh, by=lambda task: task.channel).items():
                await self._take_by(self._dispatchers[channel], own)
        if len(ours) < len(tasks):
            raise Unavailable(self._not_ours(task.channel for task in tasks))

    async def pace(self, most: int) -> int:
        """How much new work to take next, from 32 to `most`: as much as finds a seat at once.

        Waits a moment when there are no seats, so that little has to be put on disk as waiting and
        taken in hand later by another commit. A channel with a long queue has no say in it: it
        stands still, and must not hold up the others.
        """
        room = await self._until_room(lambda: self._room(most))
        self._busy.clear()
        return min(room, most)

    async def wake(self, works: Sequence[int]) -> None:
        """What waited for its time may be looked at again, as soon as there is room for it."""
        left = works
        while left:
            if not all(each.ready.has_room(len(left)) for each in self._dispatchers.values()):
                left = await self._with_room(left)
            left = await self.wake_some(left)

    async def wake_some(self, works: Sequence[int]) -> Sequence[int]:
        """The same at once, but only as much as is read at a time; gives those that are left."""
        if not works:
            return ()
        loaded, left = await self._store.load_some(works)
        tasks = await self._without_cancelled(loaded)
        for task in await self._delivered(tasks):
            if task.due <= self._clock.now():
                self._dispatchers[task.channel].ready.put_due([task])
            else:  # it was put off once more
                self._timers.add(task.due, task.work)
        return left

    async def recover(self) -> int:
        """Pick up what an earlier process left; gives the number of attempts it died in.

        Raises Invalid where that is by a channel that nobody delivers by here.
        """
        if strange := await self._store.channels() - self._dispatchers.keys():
            raise Invalid(
                f"{self._not_ours(strange)} Deliveries of an earlier start wait in its database:"
                " leave out --channel, or put it back into CHANNEL_ENABLE_LIST, until they have"
                " ended or are cancelled."
            )
        for channel, lane, tenant in await self._store.backlogs():
            self._dispatchers[channel].ready.recover(lane, tenant)
        unknown = 0
        while tasks := await self._store.abandoned(epoch=self._epoch, limit=_CHUNK):
            await self._store.adopt([task.work for task in tasks], self._epoch)
            for task in tasks:
                unknown += task.state is State.PROCESSING
                self._settler.put((self._left_behind(task),))
        return unknown

    async def adopt(self, node: Node) -> int:
        """Go on with what another process has left; gives how many deliveries those were.

        What it had in hand comes first: of that nobody knows whether it went out.
        """
        count = 0
        in_hand = (State.PROCESSING, State.CANCELLED)
        while tasks := await self._take_over(node, in_hand):
            for task in tasks:
                self._settler.put((self._left_behind(task),))
            count += len(tasks)
        after, now = 0, self._clock.now()
        channels = self._dispatchers.keys()
        while left := await self._store.inherit(
            node, epoch=self._epoch, channels=channels, after=after, now=now
        ):
            for due, work in left:
                self._timers.add(due, work)
            after = max(work for _, work in left)
            count += len(left)
        return count

    async def cancel(self, request: Requested) -> q.Cancelled:
        """Stop what has not gone out yet, and let what is in flight go no further."""
        which = request.tenant, request.position
        await self._store.let_go_no_further(*which)
        stopped = await self._end(await self._store.of(*which), CANCELLED)
        # Once more, for one that has waited may have been taken in hand since.
        return q.Cancelled(stopped, await self._store.let_go_no_further(*which))

    async def end(
        self, tenant: TenantId, position: Position, *, parts: Collection[str], by: Stop
    ) -> None:
        """These deliveries of a notification end by a rule, unless somebody has them in hand."""
        tasks = await self._store.of(tenant, position)
        await self._end([task for task in tasks if task.part in parts], by)

    def rules_changed(self, tenant: TenantId, before: Policy, after: Policy) -> None:
        """A tenant has changed its rules: what was held up by the old ones is asked again."""
        self.look_again()
        self._second_look.rules_changed(tenant, before, after)

    def look_again(self) -> None:
        """Rates and routes have changed: what was held up by them may go now."""
        for dispatcher in self._dispatchers.values():
            dispatcher.look_again()

    def look_at_held(self) -> None:
        """What the installation spares people has changed: all that is held is asked again."""
        self._second_look.look_at_all()

    def observe(self) -> None:
        """Set the gauges to how things are now."""
        BREAKER_OPEN.clear()
        for channel, dispatcher in self._dispatchers.items():
            READY.labels(channel).set(len(dispatcher.ready))
            for account in dispatcher.exchange.accounts:
                is_spared = account.breaker.reopens_at is not None
                BREAKER_OPEN.labels(channel, account.name).set(is_spared)

    async def run(self) -> None:
        """Work until `stop`; then everything in flight is back and on record.

        What ends one of its parts ends them all, so that it can be run again.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settler.run())
            async with asyncio.TaskGroup() as sending:
                for dispatcher in self._dispatchers.values():
                    sending.create_task(dispatcher.run())
            self._settler.stop()

    def stop(self) -> None:
        """Take nothing more in hand."""
        for dispatcher in self._dispatchers.values():
            dispatcher.stop()

    async def _take_by(self, dispatcher: Dispatcher, tasks: Sequence[Task]) -> None:
        """As many at a time as find a seat; all at once where others wait for one already."""
        left = tasks
        while left:
            goes_on = dispatcher.ready.is_empty
            room = await self._until_room(dispatcher.appetite) if goes_on else len(left)
            await self._take_fresh(left[:room])
            left = left[room:]

    async def _until_room(self, room: Callable[[], int]) -> int:
        """For how many there is room, at least a little; waits a moment where there is less."""
        if room() < _FEW:
            self._freed.clear()
            try:
                async with asyncio.timeout(_A_MOMENT):
                    while room() < _FEW:
                        await self._freed.wait()
                        self._freed.clear()
            except TimeoutError:
                pass
        return max(_FEW, room())

    async def _take_fresh(self, fresh: Sequence[Task]) -> None:
        def speak(scene: Scene) -> Sequence[Task]:
            scene.arrived.update(task.request.position for task in fresh)
            return fresh

        try:
            await self._inward.say(speak)
        except Conflict:
            if await self._store.unknown(fresh):
                raise

    def _not_ours(self, channels: Iterable[ChannelName]) -> str:
        others = sorted({*channels} - self._dispatchers.keys())
        return f"Nobody delivers by {', '.join(others)} in this process."

    async def _delivered(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Ends those of a channel that nobody delivers by here: the process that has planned them
        knew it, and left them to us.
        """
        strange = [task for task in tasks if task.channel not in self._dispatchers]
        if not strange:
            return tasks
        await self._end(strange, NOT_DELIVERED)
        return [task for task in tasks if task.channel in self._dispatchers]

    async def _with_room(self, works: Sequence[int]) -> Sequence[int]:
        """Those that find room, or are of a channel that nobody delivers by here; the ready queues
        ask for the others when they have run low.
        """
        fitting: list[int] = []
        places = group(await self._store.places(works), by=lambda each: each[1:])
        for (channel, lane, tenant), theirs in places.items():
            numbers: Sequence[int] = [work for work, *_ in theirs]
            if dispatcher := self._dispatchers.get(channel):
                numbers = dispatcher.ready.fitting(lane, tenant, numbers)
            fitting += numbers
        return fitting

    async def _without_cancelled(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Ends the retries of what was in flight when its notification was cancelled."""
        retries = [task for task in tasks if task.state is State.RETRYING]
        if not retries:
            return tasks
        requests = [task.request for task in retries if not task.replay_of]
        tenants = {each.position: each.tenant for each in requests}
        cancelled = await self._cancelled.among(tenants) if tenants else set()
        ended = [
            task
            for task in retries
            if task.reason == CANCELLED.rule
            or (task.request.position in cancelled and not task.replay_of)
        ]
        await self._end(ended, CANCELLED)
        works = {task.work for task in ended}
        return [task for task in tasks if task.work not in works]

    async def _end(self, tasks: Sequence[Task], stop: Stop) -> list[str]:
        ended: list[str] = []
        while tasks:
            taken = await self._store.withdraw(tasks, by=stop.rule, epoch=self._epoch)
            for task in compress(tasks, taken):
                self._settler.put((Stopped(task, stop),))
                ended.append(task.part)
            # One that was tried meanwhile, and waits for its next attempt, is stopped as it is now.
            refused = [t.work for t, is_ours in zip(tasks, taken, strict=True) if not is_ours]
            tasks = await self._store.load(refused) if refused else ()
        return ended

    async def _seat(self, dispatcher: Dispatcher, tasks: Sequence[Task], scene: Scene) -> None:
        """Claim what finds a seat in the commit that plans it; the rest queues after it."""
        seated = await dispatcher.seat(tasks, scene.now)
        for send in seated.sends:
            send.begin(scene.now)
        self._busy.add(dispatcher)

        def committed() -> None:
            failpoint("claim.after")
            dispatcher.send(seated.sends)
            dispatcher.ready.put(sorted(seated.back, key=lambda task: task.work))
            self._settler.put(seated.events)

        def failed() -> None:
            for send in seated.sends:
                send.seat.task.take_back_attempt()
            dispatcher.leave(seated.sends)
            dispatcher.ready.forget(seated.back)

        failpoint("claim.before")
        dispatcher.ready.expect(seated.back)
        scene.after_commit(committed)
        scene.after_failure(failed)

    def _turn_away(self, tasks: Sequence[Task], scene: Scene) -> None:
        ends = [Stopped(task, NOT_DELIVERED) for task in tasks]
        scene.after_commit(lambda: self._settler.put(ends))

    async def _take_over(self, node: Node, states: Collection[State]) -> list[Task]:
        return await self._store.take_over(node, states, epoch=self._epoch, limit=_CHUNK)

    def _room(self, most: int) -> int:
        """The seats of the channels that are in use and keep up."""
        rooms = [each.appetite() for each in self._busy if each.ready.weight < _STANDS_STILL]
        return min(rooms, default=most)

    def _wait_for_time(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.due:
                self._timers.add(task.due, task.work)

    def _left_behind(self, task: Task) -> Sent | Stopped:
        if task.state is State.CANCELLED:
            task.state = State.PENDING
            return Stopped(task, OWN_ENDS.get(task.reason or "", CANCELLED))
        task.was_due = task.was_due or task.claimed_at  # the claim on disk does not say it
        fault = Fault("unknown", "Sendwell stopped while the send was in flight.", Blame.US)
        return Sent(task, Unknown(fault), self._clock.now())
