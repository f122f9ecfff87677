"""Copies between services, where not all roles are in one process."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.edge import Edge
from sendwell.domain.errors import Conflict, Invalid, Unavailable
from sendwell.domain.presets.naming import WHOLE
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reason import Reason
from sendwell.ports.bus import Arrived
from sendwell.ports.database import Database
from sendwell.ports.work import Work
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.runtime.apart import take_apart
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.copies.open_copies import OpenCopies
from sendwell.runtime.copies.tables import DATABASE
from sendwell.runtime.groups import group_of, history_group
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.reception import kept
from sendwell.runtime.streams import stream_of

log = structlog.get_logger()
T = TypeVar("T")


class Copying:
    """The copies of one service, and what brings them."""

    def __init__(self, core: Core, edge: Edge, open_work: OpenCopies, *, name: str) -> None:
        self._core = core
        self._edge = edge
        self.open_work = open_work
        self._packer = edge.packer()
        self._quarantine = QuarantineStore(core.database)
        self.copies = Copies(
            core.database,
            core.journal,
            open_work,
            outbox=edge.outbox,
            packer=self._packer,
            ids=core.ids,
            name=name,
            service=core.settings.service,
            tells_requested=not edge.parts(LogicalStream.ACCEPTED),
        )

    async def consume(self, orchestrator: Orchestrator, delivery: Delivery) -> None:
        """Start the consumers: of what others tell, of what is to be planned, of tasks for us."""
        settings, preset = self._core.settings, self._edge.preset
        history = stream_of(preset.physical(LogicalStream.HISTORY, WHOLE))
        group = history_group(settings.service, settings.roles)
        self._edge.start_consumer([history], group=group, receive=self._hear)
        if "orchestrator" in settings.roles and self._edge.packs_accepted:
            accepted = stream_of(preset.physical(LogicalStream.ACCEPTED, WHOLE))
            plan = partial(self._plan, orchestrator)
            group = group_of(LogicalStream.ACCEPTED)
            self._edge.start_consumer([accepted], group=group, receive=plan)
        if "delivery" in settings.roles and not self._edge.task_preset.is_named(LogicalStream.TASK):
            streams = self._edge.packed_task_streams(self._core.delivered)
            take = partial(self._take, delivery)
            group = group_of(LogicalStream.TASK)
            self._edge.start_consumer(streams, group=group, receive=take)

    async def _hear(self, arrived: Sequence[Arrived]) -> None:
        """What cannot be kept goes to quarantine, alone; its neighbours are heard."""
        await take_apart(arrived, self._keep_up, self._poisoned)

    async def _keep_up(self, arrived: Sequence[Arrived]) -> None:
        extracts = await self._opened(self._packer.open_extract, arrived)
        try:
            if unheard := await self.copies.unheard(extracts):
                await self._core.flow.run(unheard)
        except Unavailable:
            if len(arrived) == 1:
                raise
            for each in arrived:  # one that has to wait holds up nobody before it
                await self._hear([each])

    async def _poisoned(self, arrived: Arrived, error: Exception) -> None:
        log.error("copies.poisoned", place=arrived.place, exc_info=error)
        text = f"It could not be kept: {type(error).__name__}."
        await self._keep([self._kept(arrived, Reason.REFUSED, text)])

    async def _plan(self, orchestrator: Orchestrator, arrived: Sequence[Arrived]) -> None:
        opened = await self._opened(self._packer.open_requests, arrived)
        await orchestrator.plan_arrived([request for batch in opened for request in batch])

    async def _take(self, delivery: Delivery, arrived: Sequence[Arrived]) -> None:
        opened = await self._opened(self._packer.open_tasks, arrived)
        tasks = [task for batch in opened for task in batch]
        try:
            if tasks:
                await delivery.take_arrived(tasks)
        except Conflict:  # somebody has just taken one of them
            for task in tasks:
                await delivery.take_arrived([task])

    async def _opened(
        self, open_: Callable[[bytes, Mapping[str, str]], T], arrived: Sequence[Arrived]
    ) -> list[T]:
        opened: list[T] = []
        bad: list[Quarantine] = []
        for each in arrived:
            try:
                opened.append(open_(each.body, each.headers))
            except Invalid as error:
                bad.append(self._kept(each, Reason.UNPROVEN, error.message))
        if bad:
            await self._keep(bad)
        return opened

    def _kept(self, arrived: Arrived, reason: Reason, text: str) -> Quarantine:
        why, now = Quarantined(reason, text), self._core.clock.now()
        return kept(arrived, why, at=now, preset=self._edge.preset.name)

    async def _keep(self, bad: Sequence[Quarantine]) -> None:
        await self._quarantine.keep(bad, tell=self._edge.announcements.tell_quarantined)


async def open_copying(core: Core, edge: Edge | None, own: Work) -> Copying | None:
    """None where all roles are in this process."""
    if core.settings.is_whole or edge is None:
        return None
    open_work = OpenCopies(core.database, own)
    return Copying(core, edge, open_work, name=await name_of(core.database))


async def name_of(database: Database) -> str:
    """What the database is called; named by whoever opens it first."""
    question = select(DATABASE.c.name)
    if rows := await database.rows(question):
        return str(rows[0].name)
    with suppress(IntegrityError):  # somebody else was faster
        await database.execute(DATABASE.insert().values(number=0, name=secrets.token_hex(16)))
    (row,) = await database.rows(question)
    return str(row.name)
