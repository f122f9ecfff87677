"""Tells other services what this one puts on record, and keeps copies of what they tell.

Where all roles share a process or a database nothing of this is there (docs/decisions/0011).
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import delete, select

from sendwell.domain.grouping import group
from sendwell.domain.ids import ChannelName, Part, Position, TenantId
from sendwell.domain.lifecycle import FINAL
from sendwell.messages.dead import Dead
from sendwell.messages.extract import Extract
from sendwell.messages.filled import filled, lacks
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.messages.wire.cut import cut
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.packed import Packer
from sendwell.ports.clock import Ids
from sendwell.ports.database import Database, Write
from sendwell.ports.journal import Journal
from sendwell.runtime.among import among
from sendwell.runtime.copies import hot
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.copies.rows import Heard, OpenRow, Stand
from sendwell.runtime.copies.tables import HEARD
from sendwell.runtime.flow import Message
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.scene import Scene

Deliver = Callable[[Sequence[Task]], Awaitable[None]]
_KEPT_US = 30 * 86_400 * 1_000_000
"""How long a bus may take to hand an extract out again."""


class Copies:
    """One service's. `service` is its name, the same in all of its processes.

    `tells_requested`: it publishes accepted requests when they are planned, for intake and planning
    share this process and nobody has published them before.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        open_work: OpenCopies,
        *,
        outbox: Outbox,
        packer: Packer,
        ids: Ids,
        name: str,
        service: str,
        tells_requested: bool,
    ) -> None:
        self._database = database
        self._journal = journal
        self._open = open_work
        self._outbox = outbox
        self._packer = packer
        self._ids = ids
        self._name = name
        self._service = service
        self._tells_requested = tells_requested

    # What is put on record here

    async def on_planned(self, batch: Sequence[Requested], scene: Scene) -> Sequence[Message]:
        """Their tasks may be elsewhere, and what becomes of them is told by position."""
        scene.knows(batch)
        scene.write(self._journal.copied(batch))
        if self._tells_requested:
            self._tell(scene, batch[0].tenant, "requested", batch)
        return ()

    async def on_handed_on(self, tasks: Sequence[Task], scene: Scene) -> Sequence[Message]:
        """Tasks go to the services that deliver, by channel."""
        channels = group(tasks, by=lambda task: task.channel)
        letters = [cut(own, self._packed_tasks) for own in channels.values()]
        self._outbox.put([*chain(*letters)], scene)
        return ()

    async def on_taken(self, tasks: Sequence[Task], scene: Scene) -> Sequence[Message]:
        """They are open here."""
        scene.knows(requests := _requests(tasks))
        scene.write(self._journal.copied(requests))
        self._tell(scene, tasks[0].request.tenant, "tasks", tasks)
        return ()

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        """They have moved here."""
        scene.write(_ended(batch))
        self._tell(scene, batch[0].tenant, "statuses", batch)
        return ()

    async def on_dead(self, batch: Sequence[Dead], scene: Scene) -> Sequence[Message]:
        """They have ended here, for triage elsewhere."""
        self._tell(scene, batch[0].tenant, "dead", batch)
        return ()

    def accepted(self, batch: Sequence[Requested]) -> list[Letter]:
        """Extracts of accepted requests, to be published before those are marked as handed on.

        After a crash the same requests may be published in other batches, under other ids.
        """
        return self._extracts(batch[0].tenant, "requested", batch)

    def to_plan(self, batch: Sequence[Requested]) -> list[Letter]:
        """The same for who plans it, each lot by itself."""
        lots = group(batch, by=self._packer.lot_of)
        return [*chain(*(cut(own, self._packed_requests) for own in lots.values()))]

    # What others have put on record

    async def unheard(self, extracts: Sequence[Extract]) -> list[Extract]:
        """Those of other services that this one has not dealt with, each once."""
        others = {e.id: e for e in extracts if e.sender != self._service}
        rows = await self._database.rows(
            select(HEARD.c.extract).where(
                HEARD.c.service == self._service,
                among(HEARD.c.extract, others, self._database),
            )
        )
        heard = {row.extract for row in rows}
        return [extract for name, extract in others.items() if name not in heard]

    async def on_extract(self, batch: Sequence[Extract], scene: Scene) -> Sequence[Message]:
        """Keep copies, and remember that it was done."""
        rows = [Heard(self._service, extract.id, scene.now) for extract in batch]
        scene.write([Write(hot.put_heard, rows)])
        foreign = [extract for extract in batch if extract.database != self._name]
        await self._keep(foreign, scene)
        return ()

    async def take(self, tasks: Sequence[Task], deliver: Deliver) -> None:
        """Hand on tasks whose requests name their own recipient only: with all that are known.

        What was told of them may have been told before this service ever ran. So nothing waits for
        it: of a recipient what came with the task is enough.
        """
        known = dict(await self._journal.requested(list({t.request.position for t in tasks})))
        for task in tasks:
            position, came = task.request.position, task.request
            if lacks(known.setdefault(position, came), task.recipient):
                known[position] = filled(known[position], came)
        for task in tasks:
            task.request = known[task.request.position]
        await deliver(tasks)

    async def sweep(self, now: int) -> None:
        """Forget what no bus hands out again."""
        await self._database.execute(delete(HEARD).where(HEARD.c.at < now - _KEPT_US))

    async def _keep(self, extracts: Sequence[Extract], scene: Scene) -> None:
        tasks = [task for extract in extracts for task in extract.tasks]
        statuses = [status for extract in extracts for status in extract.statuses]
        requests = [request for extract in extracts for request in extract.requested]
        if requests := [*requests, *_requests(tasks)]:
            scene.knows(requests)
            scene.write(self._journal.copied(requests))
        if not (tasks or statuses):
            return
        positions = {task.request.position for task in tasks} | {s.position for s in statuses}
        ended = await self._journal.ended_parts(list(positions))
        open_ = await self._open.parts(positions)
        known = ended.keys() | open_
        taken = [task for task in tasks if (task.request.position, task.part) not in known]
        fresh = await self._journal.unrecorded(statuses)
        parts = {(task.request.position, task.part) for task in tasks}
        parts |= {(status.position, status.part) for status in statuses}
        parts |= _beside(statuses, known)
        seen = [(*part, _stand(part, ended=ended, open_=open_)) for part in sorted(parts)]
        scene.write([Write(hot.unless_moved, seen)])
        whose = {(task.request.position, task.part): task.request.tenant for task in taken}
        whose |= {
            (s.position, s.part): s.tenant for s in fresh if (s.position, s.part) not in known
        }
        scene.write([Write(hot.put_open, [_row_of(task) for task in taken])] if taken else [])
        scene.write(self._journal.recorded(fresh))
        waiting = [
            _row_when_moved(status)
            for status in fresh  # in any order, where not all came by one partition
            if status.state not in FINAL and (status.position, status.part) not in ended
        ]
        scene.write([Write(hot.put_open, waiting)] if waiting else [])
        scene.write(_ended(fresh))
        scene.write(self._journal.planned(Counter(whose.values())))

    def _tell(self, scene: Scene, key: str, what: str, told: Sequence[Any]) -> None:
        self._outbox.put(self._extracts(key, what, told), scene)

    def _extracts(self, key: str, what: str, told: Sequence[Any]) -> list[Letter]:
        def pack(own: Sequence[Any]) -> Letter:
            name = f"{self._name[:8]}:{self._ids.position()}"
            said: dict[str, Any] = {what: tuple(own)}
            extract = Extract(name, self._name, self._service, **said)
            return self._packer.extract(extract, key=key)

        return cut(told, pack)

    def _packed_tasks(self, tasks: Sequence[Task]) -> Letter:
        return self._packer.tasks(tasks, id_=self._letter_id())

    def _packed_requests(self, requests: Sequence[Requested]) -> Letter:
        return self._packer.requests(requests, id_=self._letter_id())

    def _letter_id(self) -> str:
        return f"{self._service}:{self._ids.position()}"


def _beside(
    statuses: Sequence[Status], known: Collection[tuple[Position, str]]
) -> set[tuple[Position, str]]:
    """The deliveries to the same recipient on the same channel: whether the next channel is due
    depends on all of them.
    """
    groups = {_group(s.position, s.part) for s in statuses if s.beside > 1}
    return {part for part in known if groups and _group(*part) in groups}


def _group(position: Position, text: str) -> tuple[Position, int, ChannelName]:
    part = Part.parse(text)
    return position, part.recipient, part.channel


def _stand(
    part: tuple[Position, str],
    *,
    ended: Collection[tuple[Position, str]],
    open_: Collection[tuple[Position, str]],
) -> Stand | None:
    if part in ended:
        return Stand.ENDED
    return Stand.OPEN if part in open_ else None


def _ended(statuses: Sequence[Status]) -> list[Write]:
    ended = [(status.position, status.part) for status in statuses if status.state in FINAL]
    return [Write(hot.remove_open, ended)] if ended else []


def _requests(tasks: Sequence[Task]) -> list[Requested]:
    return list({task.request.position: task.request for task in tasks}.values())


def _row_of(task: Task) -> OpenRow:
    request = task.request
    return _row(task, request.tenant, request.position, at=task.planned_at, rule=task.reason)


def _row_when_moved(status: Status) -> OpenRow:
    return _row(status, status.tenant, status.position, at=status.at, rule=status.rule)


def _row(
    told: Task | Status, tenant: TenantId, position: Position, *, at: int, rule: str | None
) -> OpenRow:
    return OpenRow(
        position,
        told.part,
        tenant,
        told.channel,
        told.state.value,
        at=at,
        planned_at=told.planned_at,
        claimed_at=told.claimed_at,
        due=told.due,
        attempt=told.attempt,
        provider=told.provider,
        rule=rule,
    )
