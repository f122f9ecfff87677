"""Tells the history what happened, once it is on disk, until the history has it.

Told twice an event is still one, so whatever dies in between, nothing is lost and nothing doubled.
A history that is away holds up nobody: rows wait on disk, and only there.
"""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog
from sqlalchemy import select

from sendwell.domain.errors import Unavailable
from sendwell.domain.grouping import group
from sendwell.domain.ids import Node
from sendwell.domain.pauses import Pauses
from sendwell.ports.clock import Ids
from sendwell.ports.database import Database, Write
from sendwell.ports.history import Event, History
from sendwell.runtime.chronicle import hot
from sendwell.runtime.chronicle.tables import UNTOLD
from sendwell.runtime.handed_over import hand_over
from sendwell.runtime.scene import Scene

log = structlog.get_logger()
_BATCH = 200
"""Rows; each holds the events of one tenant in one commit."""
_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Event]).decode


class Chronicle:
    """What one process tells."""

    def __init__(self, database: Database, history: History, *, ids: Ids, node: Node) -> None:
        self._database = database
        self._history = history
        self._ids = ids
        self._node = node
        self._is_behind = True
        """There may be rows, at first those of an earlier process."""
        self._woken = asyncio.Event()
        self._is_stopping = False

    def put(self, events: Sequence[Event], scene: Scene) -> None:
        """Tell these once the transaction is on disk."""
        if not events:
            return
        rows = [
            (self._ids.position(), self._node, tenant, _encode(own))
            for tenant, own in group(events, by=lambda event: event.tenant).items()
        ]
        scene.write([Write(hot.put, rows)])
        scene.after_commit(self._look)

    async def adopt(self, node: Node) -> int:
        """Tell what another process has left, too; gives how many rows those were."""
        return await hand_over(
            self._database, UNTOLD, left_under=[node], to=self._node, told=self._look
        )

    async def run(self) -> None:
        """Tell until `stop`, then what is left, if the history takes it."""
        self._is_behind = True  # also when a failure has ended it and it is run again
        pauses = Pauses(_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            try:
                while self._is_behind:
                    self._is_behind = False
                    await self._tell()
                    pauses.reset()
            except Unavailable as error:
                self._is_behind = True
                log.warning("chronicle.waits", error=error.message)
                if not self._is_stopping:
                    await asyncio.sleep(pauses.take())
                    continue
            if self._is_stopping:
                return
            self._woken.clear()
            await self._woken.wait()

    def stop(self) -> None:
        """What cannot be told now is told when we start again."""
        self._is_stopping = True
        self._woken.set()

    def _look(self) -> None:
        self._is_behind = True
        self._woken.set()

    async def _tell(self) -> None:
        rows = await self._database.rows(
            select(UNTOLD.c.number, UNTOLD.c.events)
            .where(UNTOLD.c.node == self._node)
            .order_by(UNTOLD.c.number)
            .limit(_BATCH)
        )
        if not rows:
            return
        await self._history.record([event for row in rows for event in _decode(row.events)])
        await self._database.commit([Write(hot.remove, [row.number for row in rows])])
        self._is_behind |= len(rows) == _BATCH
