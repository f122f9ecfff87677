"""What the delivery role remembers: its open work."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Row, Select, case, func, literal, select, update

from sendwell.domain.admission import CANCELLED
from sendwell.domain.ids import (
    ChannelName,
    Node,
    Position,
    TenantId,
)
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import WAITING, State
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.ports.database import Database, Unit, Write
from sendwell.ports.journal import Journal
from sendwell.roles.delivery import hot
from sendwell.roles.delivery.rows import Claim, Postponement, Withdrawal
from sendwell.roles.delivery.tables import WORK
from sendwell.runtime.among import among
from sendwell.runtime.journal.tables import REQUESTED
from sendwell.runtime.open_work import OpenWork
from sendwell.runtime.portion import fitting, portion

_FIRST = Node(0)
_INHERITED = 5_000


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What planning and earlier attempts decided; holds no personal data."""

    recipient: int = 0
    target: int = 0
    template_version: int | None = None
    tried: tuple[str, ...] = ()
    replay_of: str | None = None
    beside: int = 1
    was_due: int = 0


_encode_plan = msgspec.json.Encoder().encode
_decode_plan = msgspec.json.Decoder(Plan).decode


_SIZE = (
    select(func.length(REQUESTED.c.body))
    .where(REQUESTED.c.position == WORK.c.position)
    .scalar_subquery()
    .label("size")
)
"""Neither database reads a body to tell its length."""

_AT = func.coalesce(func.nullif(WORK.c.claimed_at, 0), WORK.c.planned_at)


class DeliveryStore(OpenWork):
    """Open work on a SQL database, joined in memory with the requests it belongs to."""

    def __init__(self, database: Database, journal: Journal, *, node: Node = _FIRST) -> None:
        super().__init__(database, WORK, at=_AT, rule=WORK.c.reason)
        self._journal = journal
        self._node = node
        """Whose work this process does: what it has planned itself, or taken over."""

    def put(self, tasks: Sequence[Task], *, epoch: int) -> Unit:
        """The writes that add this work, attempts in the name of the process `epoch`.

        The commit raises Conflict where one of the deliveries is there already.
        """
        return [Write(hot.put, [_row(task, epoch, self._node) for task in tasks])]

    def finish(self, tasks: Iterable[Task]) -> Unit:
        """The writes that take finished work away."""
        return [Write(hot.finish, [task.work for task in tasks])]

    def postpone(self, tasks: Iterable[Task]) -> Unit:
        """The writes that make work wait for its `due`."""
        return [
            Write(
                hot.postpone,
                [Postponement(t.work, t.state, t.due, t.reason, plan_of(t)) for t in tasks],
            )
        ]

    async def claim(self, claims: Sequence[Claim], *, is_urgent: bool) -> Sequence[bool]:
        """Take work in hand, durably; False where it no longer waits."""
        write = Write(hot.claim, claims)
        (claimed,) = await self._database.commit([write], is_urgent=is_urgent)
        return claimed

    async def withdraw(self, tasks: Sequence[Task], *, by: str, epoch: int) -> Sequence[bool]:
        """Take waiting work away from everybody, durably, for it ends by that rule; False where
        somebody has it in hand, or has had it since it was read.

        It is ours then, whose-ever it was: who takes over from us finds it and ends it.
        """
        withdrawals = [Withdrawal(t.work, t.attempt, self._node, epoch, by) for t in tasks]
        (withdrawn,) = await self._database.commit([Write(hot.withdraw, withdrawals)])
        return withdrawn

    async def let_go_no_further(self, tenant: TenantId, position: Position) -> list[str]:
        """Put on record, with what is in flight of a notification, that it was cancelled: it stays
        there when the attempt fails, whoever has it in hand then. Gives the parts.
        """
        in_flight = WORK.c.position == position, WORK.c.state == State.PROCESSING
        marked = update(WORK).where(WORK.c.tenant == tenant, *in_flight)
        (done,) = await self._database.execute(
            marked.values(reason=CANCELLED.rule).returning(WORK.c.part)
        )
        return sorted(row.part for row in done.rows)

    async def adopt(self, works: Sequence[int], epoch: int) -> None:
        """From now on this process answers for work that another one had in hand."""
        await self._database.execute(
            update(WORK).where(among(WORK.c.work, works, self._database)).values(epoch=epoch)
        )

    async def take_over(
        self, node: Node, states: Collection[State], *, epoch: int, limit: int
    ) -> list[Task]:
        """From now on this is ours: the next work that another process has left in such states, as
        much as fits.
        """
        is_left = (WORK.c.node == node) & WORK.c.state.in_(states)
        next_ = select(WORK.c.work, WORK.c.position, _SIZE).where(is_left)
        while rows := await self._database.rows(next_.order_by(WORK.c.work).limit(limit)):
            works = [row.work for row in fitting(rows, _size_once())]
            moved = update(WORK).where(among(WORK.c.work, works, self._database), is_left)
            (done,) = await self._database.execute(
                moved.values(node=self._node, epoch=epoch).returning(WORK)
            )
            if tasks := await self._joined(sorted(done.rows, key=lambda row: row.work)):
                return tasks
        return []

    async def inherit(
        self,
        node: Node,
        *,
        epoch: int,
        channels: Collection[ChannelName],
        after: int,
        now: int,
        limit: int = _INHERITED,
    ) -> list[tuple[int, int]]:
        """From now on this is ours: the next of what waits, behind the work numbered `after`, that
        another process has left. Gives (due, work); nothing of it is read.

        What could have gone at once is due `now`, urgent ones first, and so woken as there is room;
        so is what is on none of these `channels`, which does not go here at all.
        """
        which = (
            select(WORK.c.work)
            .where(WORK.c.node == node, WORK.c.state.in_(WAITING), WORK.c.work > after)
            .order_by(WORK.c.work)
            .limit(limit)
        )
        is_now = (WORK.c.due == 0) | WORK.c.channel.not_in(channels)
        due = case((is_now, literal(now, BigInteger) + WORK.c.lane), else_=WORK.c.due)
        moved = update(WORK).where(WORK.c.work.in_(which)).values(node=self._node, epoch=epoch)
        (done,) = await self._database.execute(
            moved.values(due=due).returning(WORK.c.due, WORK.c.work)
        )
        return [(row.due, row.work) for row in done.rows]

    async def load(self, works: Collection[int]) -> list[Task]:
        """Those of the works that still wait."""
        return await self._tasks(
            select(WORK).where(among(WORK.c.work, works, self._database), WORK.c.state.in_(WAITING))
        )

    async def load_some(self, works: Collection[int]) -> tuple[list[Task], list[int]]:
        """Those of the works that still wait, as many as fit; and the works to load after them."""
        rows = await self._database.rows(
            select(WORK, _SIZE)
            .where(among(WORK.c.work, works, self._database), WORK.c.state.in_(WAITING))
            .order_by(WORK.c.work)
        )
        taken = fitting(rows, _size_once())
        return await self._joined(taken), [row.work for row in rows[len(taken) :]]

    async def places(self, works: Collection[int]) -> list[tuple[int, ChannelName, Lane, TenantId]]:
        """Where those of the works wait that still do."""
        rows = await self._database.rows(
            select(WORK.c.work, WORK.c.channel, WORK.c.lane, WORK.c.tenant)
            .where(among(WORK.c.work, works, self._database), WORK.c.state.in_(WAITING))
            .order_by(WORK.c.work)
        )
        return [(row.work, row.channel, Lane(row.lane), row.tenant) for row in rows]

    async def waiting(self, works: Collection[int]) -> set[int]:
        """Those of the works that still wait: nobody has taken them in hand, or away."""
        rows = await self._database.rows(
            select(WORK.c.work).where(
                among(WORK.c.work, works, self._database), WORK.c.state.in_(WAITING)
            )
        )
        return {row.work for row in rows}

    async def ready(
        self, channel: ChannelName, lane: Lane, tenant: TenantId, *, after: int, limit: int
    ) -> tuple[list[Task], int | None]:
        """The next pending work of a tenant in a lane, behind the work numbered `after`: as much as
        fits; and behind which work there may be more.
        """
        rows = await self._database.rows(
            select(WORK, _SIZE)
            .where(
                WORK.c.tenant == tenant,
                WORK.c.state == State.PENDING,
                WORK.c.channel == channel,
                WORK.c.lane == lane,
                WORK.c.work > after,
                WORK.c.node == self._node,
                WORK.c.due == 0,
            )
            .order_by(WORK.c.work)
            .limit(limit)
        )
        taken, last = portion(rows, limit, _size_once())
        return await self._joined(taken), last.work if last else None

    async def due(self, *, after: tuple[int, int], limit: int) -> list[tuple[int, int]]:
        """(due, work) of what waits for a time, soonest first, behind `after`."""
        due, work = after
        rows = await self._database.rows(
            select(WORK.c.due, WORK.c.work)
            .where(
                WORK.c.node == self._node,
                WORK.c.due > 0,
                (WORK.c.due > due) | ((WORK.c.due == due) & (WORK.c.work > work)),
            )
            .order_by(WORK.c.due, WORK.c.work)
            .limit(limit)
        )
        return [(row.due, row.work) for row in rows]

    async def backlogs(self) -> list[tuple[ChannelName, Lane, TenantId]]:
        """Where pending work is waiting."""
        rows = await self._database.rows(
            select(WORK.c.channel, WORK.c.lane, WORK.c.tenant)
            .where(WORK.c.state == State.PENDING, WORK.c.node == self._node, WORK.c.due == 0)
            .distinct()
        )
        return [(row.channel, Lane(row.lane), row.tenant) for row in rows]

    async def channels(self) -> set[ChannelName]:
        """By which something of ours waits, or was in hand."""
        rows = await self._database.rows(
            select(WORK.c.channel)
            .where(WORK.c.node == self._node, WORK.c.state != State.CANCELLED)
            .distinct()
        )
        return {row.channel for row in rows}

    async def abandoned(self, *, epoch: int, limit: int) -> list[Task]:
        """Work that an earlier process had in hand, or was cancelling, when it died."""
        left = WORK.c.state.in_((State.PROCESSING, State.CANCELLED))
        return await self._tasks(
            select(WORK).where(left, WORK.c.epoch != epoch, WORK.c.node == self._node).limit(limit)
        )

    async def planned(self, positions: Collection[Position]) -> set[Position]:
        """Those of the positions that have open work."""
        rows = await self._database.rows(
            select(WORK.c.position)
            .where(among(WORK.c.position, positions, self._database))
            .distinct()
        )
        return {row.position for row in rows}

    async def unknown(self, tasks: Sequence[Task]) -> list[Task]:
        """Those whose delivery is neither open nor ended: nobody has taken them before."""
        positions = {task.request.position for task in tasks}
        rows = await self._database.rows(
            select(WORK.c.position, WORK.c.part).where(
                among(WORK.c.position, positions, self._database)
            )
        )
        known = {(row.position, row.part) for row in rows}
        known |= (await self._journal.ended_parts(list(positions))).keys()
        fresh = {
            (task.request.position, task.part): task
            for task in tasks
            if (task.request.position, task.part) not in known
        }
        return list(fresh.values())

    async def of(self, tenant: TenantId, position: Position) -> list[Task]:
        """The open work of one notification that nobody has in hand."""
        return await self._tasks(
            select(WORK).where(
                WORK.c.tenant == tenant,
                WORK.c.position == position,
                WORK.c.state.in_(WAITING),
            )
        )

    async def _tasks(self, question: Select[Any]) -> list[Task]:
        return await self._joined(await self._database.rows(question))

    async def _joined(self, rows: Sequence[Row[Any]]) -> list[Task]:
        if not rows:
            return []
        requests = await self._journal.requested(list({row.position for row in rows}))
        return [_task(row, requests[row.position]) for row in rows if row.position in requests]


def plan_of(task: Task) -> str:
    """What a work row keeps of a task's plan."""
    plan = Plan(
        task.recipient,
        task.target,
        task.template_version,
        task.tried,
        task.replay_of,
        task.beside,
        task.was_due,
    )
    return _encode_plan(plan).decode()


def _size_once() -> Callable[[Row[Any]], int]:
    """How much a row adds to what is read: its request is, for all that belong to it, read once."""
    seen: set[Position] = set()

    def size(row: Row[Any]) -> int:
        if row.position in seen:
            return 0
        seen.add(row.position)
        return row.size or 0

    return size


def _row(task: Task, epoch: int, node: int) -> tuple[Any, ...]:
    request = task.request
    return (
        task.work, request.position, task.part, request.tenant, task.channel, request.lane,
        task.state.value, task.due, task.attempt, epoch if task.claimed_at else 0, task.planned_at,
        task.claimed_at, plan_of(task), task.reason, task.provider, node,
    )  # fmt: skip


def _task(row: Row[Any], request: Requested) -> Task:
    plan = _decode_plan(row.plan)
    return Task(
        request=request,
        part=row.part,
        recipient=plan.recipient,
        channel=row.channel,
        planned_at=row.planned_at,
        state=State(row.state),
        due=row.due,
        reason=row.reason,
        target=plan.target,
        template_version=plan.template_version,
        attempt=row.attempt,
        tried=plan.tried,
        replay_of=plan.replay_of,
        beside=plan.beside,
        was_due=plan.was_due,
        claimed_at=row.claimed_at,
        provider=row.provider,
        work=row.work,
    )
