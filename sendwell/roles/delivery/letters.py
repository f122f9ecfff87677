"""Dead letters: looked at, and sent again as deliveries of their own."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select, update

from sendwell.domain.errors import Conflict, Flaw, Invalid, NotFound
from sendwell.domain.ids import NO_CHANNEL, ChannelName, Part, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.dead import Dead
from sendwell.messages.moved import status_of
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.audit import Audit, Deed
from sendwell.ports.database import Database, Write
from sendwell.ports.journal import Journal
from sendwell.ports.tenants import Caller
from sendwell.ports.work import Work
from sendwell.roles.delivery import hot
from sendwell.roles.delivery.reached import Reached
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.journal.following import forget_following
from sendwell.runtime.scene import Scene

_CHUNK = 500
LEAST_RATE, MOST_RATE = 0.001, 10_000
"""A second; bounds against typing errors."""
_LONGEST_REPLAY_SECONDS = 365 * 86_400
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which dead letters are meant."""

    cause: str | None = None
    channel: str | None = None
    event_type: str | None = None
    code: str | None = None


class Replayed(NamedTuple):
    """One that goes out again: as which part, and by which other deliveries its recipient has been
    reached, or may be yet, although one is enough.
    """

    part: str
    reached_by: Sequence[str]


class ReplayedMany(NamedTuple):
    """How many go out again, and how many do not, for others reach their recipients."""

    replayed: int
    passed_over: int


class DeadLetters:
    """The dead letters of every tenant. `channels` are those that somebody delivers by."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        *,
        flow: Flow,
        audit: Audit,
        channels: Collection[ChannelName],
        work: Work,
    ) -> None:
        self._database = database
        self._journal = journal
        self._reached = Reached(database, journal, work)
        self._flow = flow
        self._audit = audit
        self._channels = channels

    async def on_dead(self, batch: Sequence[Dead], scene: Scene) -> Sequence[Message]:
        """Keep what has ended in failure, in the transaction that ended it."""
        rows = [
            (d.tenant, d.position, d.notification, d.part, d.channel, d.event_type, d.lane,
             d.cause, d.code, d.text, d.provider, d.attempt, d.at)
            for d in batch
        ]  # fmt: skip
        scene.write([Write(hot.bury, rows)])
        return ()

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, before: int | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Dead letters, newest first."""
        question = _question(tenant, narrowed)
        if before is not None:
            question = question.where(DEAD_LETTER.c.id < before)
        return await self._database.rows(question.order_by(DEAD_LETTER.c.id.desc()).limit(limit))

    async def reached_by(
        self, tenant: TenantId, letters: Sequence[Row[Any]]
    ) -> Mapping[int, Sequence[str]]:
        """By the letters' ids the deliveries that have reached the same recipients, or may yet,
        where one is enough: a replay sends it to them once more.
        """
        return await self._reached.by_others(tenant, letters)

    async def replay(self, caller: Caller, letter: int, now: int) -> Replayed:
        """Send one again, also to whom another delivery has reached.

        Raises NotFound, also where its notification is no longer kept, or Conflict when it was
        replayed already, was never planned, or nobody delivers by its channel.
        """
        rows = await self._database.rows(
            _question(caller.tenant, Narrowed()).where(DEAD_LETTER.c.id == letter)
        )
        if not rows:
            raise NotFound(f"There is no dead letter {letter}.")
        if rows[0].replayed_as is not None:
            raise _Replayed(rows[0])
        if rows[0].channel not in self._channels:
            raise Conflict(_not_delivered(rows[0], self._channels))
        requests = await self._requests(rows)
        if not requests:
            raise NotFound(f"The notification of dead letter {letter} is no longer kept.")
        others = (await self._reached.by_others(caller.tenant, rows)).get(letter, ())
        task = _task(rows[0], requests[rows[0].position], now, due=now)
        await self._say(caller, rows, [task], {"reached_by": ", ".join(others)} if others else {})
        return Replayed(task.part, others)

    async def replay_all(
        self, caller: Caller, narrowed: Narrowed, now: int, *, rate_per_second: float
    ) -> ReplayedMany:
        """Send all that match now and are still kept again, spread over time at that rate. Raises
        Invalid where the last one would go out more than a year from now.

        Those of channels that nobody delivers by are passed over, and where channels are tried in
        turn all but one channel for each recipient whom nothing has reached, nor may yet.

        One that dies again meanwhile is a new dead letter, and stays; one that somebody else
        replays meanwhile is theirs.
        """
        every = int(1e6 / rate_per_second)
        count, passed_over, last, newest = 0, 0, 0, await self._newest()
        _refuse_what_takes_years(await self._count(caller.tenant, narrowed, newest), every)
        while rows := await self._next_to_replay(caller.tenant, narrowed, last, newest):
            requests = await self._requests(rows)
            kept = [letter for letter in rows if letter.position in requests]
            again = await self._reached.choose_again(caller.tenant, kept, requests)
            tasks = [
                _task(letter, requests[letter.position], now, due=now + number * every)
                for number, letter in enumerate(again, start=count)
            ]
            try:
                await self._say(caller, again, tasks)
            except _Replayed:
                continue
            count, passed_over = count + len(again), passed_over + len(kept) - len(again)
            last = rows[-1].id
        return ReplayedMany(count, passed_over)

    async def forget(self, before: int) -> int:
        """Forget those of notifications that are kept no longer; gives how many those were."""
        return await forget_following(self._database, DEAD_LETTER, before)

    async def _newest(self) -> int:
        (row,) = await self._database.rows(select(func.max(DEAD_LETTER.c.id).label("newest")))
        return row.newest or 0

    async def _count(self, tenant: TenantId, narrowed: Narrowed, newest: int) -> int:
        letters = self._to_replay(tenant, narrowed, 0, newest).subquery()
        (row,) = await self._database.rows(select(func.count().label("many")).select_from(letters))
        return int(row.many)

    async def _next_to_replay(
        self, tenant: TenantId, narrowed: Narrowed, after: int, newest: int
    ) -> Sequence[Row[Any]]:
        question = self._to_replay(tenant, narrowed, after, newest)
        return await self._database.rows(question.order_by(DEAD_LETTER.c.id).limit(_CHUNK))

    def _to_replay(
        self, tenant: TenantId, narrowed: Narrowed, after: int, newest: int
    ) -> Select[Any]:
        return _question(tenant, narrowed).where(
            DEAD_LETTER.c.replayed_as.is_(None),
            DEAD_LETTER.c.channel.in_(sorted(self._channels)),
            DEAD_LETTER.c.id > after,
            DEAD_LETTER.c.id <= newest,
        )

    async def _requests(self, letters: Sequence[Row[Any]]) -> Mapping[Position, Requested]:
        return await self._journal.requested([Position(letter.position) for letter in letters])

    async def _say(
        self,
        caller: Caller,
        letters: Sequence[Row[Any]],
        tasks: Sequence[Task],
        details: Mapping[str, str] = _NONE,
    ) -> None:
        def speak(scene: Scene) -> Sequence[Message]:
            scene.write([Write(_mark, letters)])
            for letter in letters:
                subject = f"{letter.notification}.{letter.part}"
                action = "dead_letter.replayed"
                deed = Deed(caller.tenant, caller.name, action, subject, scene.now, details)
                scene.write(self._audit.recorded(deed))
            return [*tasks, *(_scheduled(t) for t in tasks if t.state is State.SCHEDULED)]

        if letters:
            await self._flow.say(speak)


class _Replayed(Conflict):
    """Somebody was faster."""

    def __init__(self, letter: Row[Any]) -> None:
        replayed_as = _next_part(letter.part)
        super().__init__(f"Dead letter {letter.id} was replayed already, as {replayed_as}.")


def _mark(connection: Connection, letters: Sequence[Row[Any]]) -> None:
    """These are replayed. Raises _Replayed where one is already, so that nobody sends it twice.

    In one order, so that no two replays wait for each other.
    """
    for letter in sorted(letters, key=attrgetter("id")):
        marked = connection.execute(
            update(DEAD_LETTER)
            .where(DEAD_LETTER.c.id == letter.id, DEAD_LETTER.c.replayed_as.is_(None))
            .values(replayed_as=_next_part(letter.part))
        )
        if not marked.rowcount:
            raise _Replayed(letter)


def _question(tenant: TenantId, narrowed: Narrowed) -> Select[Any]:
    question = select(DEAD_LETTER).where(DEAD_LETTER.c.tenant == tenant)
    for name in ("cause", "channel", "event_type", "code"):
        value = getattr(narrowed, name)
        if value is not None:
            question = question.where(DEAD_LETTER.c[name] == value)
    return question


def _not_delivered(letter: Row[Any], channels: Collection[ChannelName]) -> str:
    if letter.channel == NO_CHANNEL:
        return f"What dead letter {letter.id} is of was never planned: send the notification anew."
    known = ", ".join(sorted(channels))
    return (
        f"Nobody delivers by the channel {letter.channel!r} of dead letter {letter.id} here; there"
        f" are {known}. Put it back into CHANNEL_ENABLE_LIST, or send the notification anew."
    )


def _refuse_what_takes_years(count: int, every: int) -> None:
    if (count - 1) * every <= _LONGEST_REPLAY_SECONDS * 1_000_000:
        return
    enough = math.ceil((count - 1) / _LONGEST_REPLAY_SECONDS * 1_000) / 1_000
    why = f"{count:,} would take more than a year. Use {enough:g} or more."
    raise Invalid(f"/rate_per_second: {why}", flaws=[Flaw("/rate_per_second", why)])


def _next_part(part: str) -> str:
    was = Part.parse(part)
    return str(Part(was.recipient, was.channel, was.target, was.replay + 1))


def _task(letter: Row[Any], request: Any, now: int, *, due: int) -> Task:
    was = Part.parse(letter.part)
    return Task(
        request=request,
        part=_next_part(letter.part),
        recipient=was.recipient,
        channel=was.channel,
        planned_at=now,
        state=State.SCHEDULED if due > now else State.PENDING,
        due=due if due > now else 0,
        reason="replay" if due > now else None,
        target=was.target,
        replay_of=letter.part,
        template_version=request.template.version if request.template else None,
    )


def _scheduled(task: Task) -> Status:
    return status_of(task, State.SCHEDULED, task.planned_at, rule=task.reason, due=task.due)
