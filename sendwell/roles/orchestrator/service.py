"""The orchestrator at work: plans what was accepted, and the next channel where one has failed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog

from sendwell.domain.admission import Stop
from sendwell.domain.errors import Conflict, SendwellError, Unavailable
from sendwell.domain.ids import NO_CHANNEL, ChannelName, Node, Part, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.journal import Journal
from sendwell.roles.orchestrator.fallbacks import Fallbacks
from sendwell.roles.orchestrator.planner import DEFECT, Ended, Planned, Planner, buried, moved
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.batch import next_batch
from sendwell.runtime.cancelled import Cancelled
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.requests import requests_at
from sendwell.runtime.scene import Scene

log = structlog.get_logger()
_BATCH = 128
_MANY = 8
Pace = Callable[[int], Awaitable[int]]
"""Says how many to plan next, at most so many; may take a moment."""


class Orchestrator:
    """Hears Requested and Status, says Task and Status."""

    def __init__(
        self,
        planner: Planner,
        journal: Journal,
        backlog: Backlog,
        *,
        flow: Flow,
        pace: Pace,
        cancelled: Cancelled,
    ) -> None:
        self._planner = planner
        self._journal = journal
        self._backlog = backlog
        self._flow = flow
        self._pace = pace
        self._cancelled = cancelled
        self._fallbacks = Fallbacks(journal)

    async def run(self) -> None:
        """Plan what is accepted, for ever. What cannot be planned ends as dead, alone."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._plan_all())
            group.create_task(self._plan_urgent())

    async def _plan_all(self) -> None:
        while True:
            await self._backlog.wait()
            batch = self._backlog.take(await self._pace(_BATCH))
            with self._backlog.in_hand(batch):
                await self._plan(batch)

    async def _plan_urgent(self) -> None:
        """So that an urgent one waits neither for the batch before it nor for free seats."""
        while True:
            batch = await self._backlog.take_urgent(_BATCH)
            with self._backlog.in_hand(batch):
                await self._plan(batch, is_urgent=True)

    async def _plan(self, batch: Sequence[Requested], *, is_urgent: bool = False) -> None:
        failpoint("plan.before")
        await self._flow.run_apart(batch, self._give_up, is_urgent=is_urgent)
        failpoint("plan.after")

    async def adopt(self, node: Node) -> int:
        """Plan what another process has accepted and not planned; gives how many those were."""
        count, after = 0, Position(0)
        while True:
            left, last = await self._backlog.left_by(node, after=after)
            if last is None:
                return count
            rest = iter(left)
            while batch := next_batch(rest, _BATCH):
                await self._plan(batch)
            count, after = count + len(left), last

    async def plan_arrived(self, requests: Sequence[Requested]) -> None:
        """Plan what has come by a bus, unless that was done before. When this returns each has
        its plan on disk. Raises Unavailable; nothing is lost then by handing it out again.
        """
        fresh = await self._backlog.unknown(requests)
        rest = iter(fresh)
        while batch := next_batch(rest, _BATCH):
            try:
                await self._run_arrived(batch)
            except Unavailable:
                raise
            except Conflict:  # somebody else plans one of them
                await self._plan_each(batch)
            except Exception:
                log.exception("orchestrator.batch_failed", requests=len(batch))
                await self._plan_each(batch)

    async def on_requested(self, batch: Sequence[Requested], scene: Scene) -> Sequence[Message]:
        """Plan accepted requests."""
        scene.knows(batch)
        known = await self._planner.look_up(batch, scene.now)
        plans: list[Planned] = []
        for request in batch:
            plans += self._planner.plan(request, known)
            if len(request.to) > _MANY:
                await asyncio.sleep(0)  # to plan for many takes long: let others go on
        return self._say(batch, plans, scene)

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        """Where a channel has failed for good, or may not be used, plan the next one."""
        failed = [status for status in batch if _may_fall_back(status)]
        failed = await self._fallbacks.last_of_each(failed, batch, scene)
        if not failed:
            return ()
        positions = [status.position for status in failed]
        requests = await requests_at(positions, self._journal, scene)
        if any(position not in requests for position in positions):
            raise Unavailable("What a delivery was asked for by has not arrived yet.")
        going_on = [status for status in failed if requests[status.position].falls_back]
        cancelled = await self._cancelled_among(going_on, batch)
        going_on = [status for status in going_on if status.position not in cancelled]
        tried = await self._fallbacks.tried(going_on, batch) if going_on else {}
        said: list[Message] = []
        for status in going_on:
            part = Part.parse(status.part)
            if not part.replay and part.channel != NO_CHANNEL:
                channels = tried[status.position, part.recipient]
                said += await self._plan_next(
                    requests[status.position], part.recipient, channels, scene
                )
        return said

    async def _cancelled_among(
        self, failed: Sequence[Status], batch: Sequence[Status]
    ) -> set[Position]:
        """Those of the notifications that somebody has cancelled; `batch` moves with them."""
        now = {status.position for status in batch if status.state is State.CANCELLED}
        tenants = {status.position: status.tenant for status in failed}
        return now | await self._cancelled.among(tenants) if tenants else now

    async def _plan_next(
        self, request: Requested, recipient: int, tried: Collection[ChannelName], scene: Scene
    ) -> Sequence[Message]:
        known = await self._planner.look_up([request], scene.now)
        plans = self._planner.plan_next(request, recipient, known, tried=tried)
        # Having no address on the channels that are left adds nothing to what has failed.
        reachable = [plan for plan in plans if isinstance(plan, Task)]
        return self._say((), reachable, scene)

    def _say(
        self, requests: Sequence[Requested], plans: Sequence[Planned], scene: Scene
    ) -> Sequence[Message]:
        said: list[Message] = []
        counts: dict[TenantId, int] = {}
        for plan in plans:
            task = plan.task if isinstance(plan, Ended) else plan
            if isinstance(plan, Ended):  # what becomes work is counted by whoever takes it
                tenant = task.request.tenant
                counts[tenant] = counts.get(tenant, 0) + 1
            if plan is task and task.state is State.PENDING:
                said.append(task)
            else:
                said += self._moves(plan, scene.now)
        scene.write([*self._journal.planned(counts), *self._journal.marked()])
        scene.after_commit(lambda: self._journal.forget(requests))
        return said

    @staticmethod
    def _moves(plan: Planned, now: int) -> list[Message]:
        match plan:
            case Task() as task:
                return [task, moved(task, task.state, now)]
            case Ended(task, stop) if stop.state is State.DEAD:
                moves = [moved(task, state, now, stop=stop) for state in (State.FAILED, State.DEAD)]
                return [*moves, buried(task, stop, now)]
            case Ended(task, stop):
                return [moved(task, stop.state, now, stop=stop)]

    async def _plan_each(self, requests: Sequence[Requested]) -> None:
        for request in requests:
            await self._plan_alone(request)

    async def _run_arrived(self, batch: Sequence[Requested]) -> None:
        """Raises Conflict where somebody else has planned one of them since we looked."""
        positions = [request.position for request in batch]

        def speak(scene: Scene) -> Sequence[Requested]:
            scene.arrived.update(positions)
            scene.write(self._journal.unless_any_ended(positions))
            return batch

        await self._flow.say(speak)

    async def _plan_alone(self, request: Requested) -> None:
        try:
            await self._run_arrived([request])
        except Unavailable:
            raise
        except Conflict:  # another process has planned it
            return
        except Exception as error:
            log.exception("orchestrator.poisoned", notification=request.id)
            await self.bury(request, error)

    async def _give_up(self, message: Message, error: Exception) -> None:
        """Even what cannot be planned comes to a visible end, unless it only has to wait."""
        assert isinstance(message, Requested)  # noqa: S101 - only requests are planned
        if isinstance(error, Conflict):  # another process has planned it
            self._journal.forget([message])
            return
        if isinstance(error, Unavailable):
            await asyncio.sleep(error.retry_after.total_seconds())
            self._backlog.put([message])
            return
        await self.bury(message, error)

    async def bury(self, message: Requested, error: Exception) -> None:
        """It could not be planned: that is its end, for people to see.

        Of a defect they see the kind. Its own words, a database's above all, may hold what was
        asked for, and where; those are for the log.
        """
        is_one = len(message.to) == len(message.channels) == 1
        channel = message.channels[0] if is_one else NO_CHANNEL
        task = Task(
            request=message,
            part=str(Part(0, channel)),
            recipient=0,
            channel=channel,
            planned_at=message.accepted_at,
        )
        why = error.message if isinstance(error, SendwellError) else f"{type(error).__name__}."
        text = f"It could not be planned: {why}"
        end = Ended(task, Stop(State.DEAD, DEFECT, text))
        await self._flow.say(lambda scene: self._say([message], [end], scene))

    def bury_tasks(self, tasks: Sequence[Task], why: str, scene: Scene) -> Sequence[Message]:
        """They were planned and can't be handed on: that is their end, for people to see."""
        stop = Stop(State.DEAD, DEFECT, f"It could not be handed on: {why}")
        return self._say((), [Ended(task, stop) for task in tasks], scene)


def _may_fall_back(status: Status) -> bool:
    return status.state is State.DEAD or (
        status.state is State.SUPPRESSED and status.rule in _OTHER_CHANNELS_MAY
    )


_OTHER_CHANNELS_MAY = frozenset({"consent", "suppression"})
