"""Takes what is done here to the audit log of another service."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select

from sendwell.domain.errors import Unavailable
from sendwell.ports.audit import Deed, Entrusted, Record
from sendwell.ports.database import Database, Unit, Write
from sendwell.runtime.record.tables import DEED
from sendwell.runtime.waiting import wait_at_most

_MOST_AT_ONCE = 100
_COMMITTED_SECONDS = 0.05
"""So long after a deed was announced its transaction has mostly ended."""
_AGAIN_SECONDS = 10.0
"""After that long we look unasked: for what was left when a process ended, or took longer."""
_PAUSE_SECONDS = 2.0


class AuditOutbox:
    """Implements the port Audit where the log is elsewhere.

    A deed is stored in the transaction of the change itself, and handed over soon after, at least
    once; its id tells the log which it has. While the log is away deeds wait.
    """

    def __init__(self, database: Database, *, new_id: Callable[[], str]) -> None:
        self._database = database
        self._new_id = new_id
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def recorded(self, deed: Deed) -> Unit:
        """As promised by the port Audit; also on the thread of a transaction that is under way."""
        self._loop.call_soon_threadsafe(self._rung.set)
        entrusted = msgspec.json.encode(Entrusted(self._new_id(), deed))
        return [Write(_entrust, [{"tenant": deed.tenant, "entrusted": entrusted}])]

    async def run(self, record: Record) -> None:
        """Hand over all there is, whenever there is something."""
        while True:
            self._rung.clear()
            try:
                while await self._hand_over(record):
                    pass
            except Unavailable:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            await wait_at_most(self._rung, _AGAIN_SECONDS)
            await asyncio.sleep(_COMMITTED_SECONDS)

    async def _hand_over(self, record: Record) -> bool:
        """The oldest are in the log, and no longer here; False when there were none."""
        rows = await self._database.rows(
            select(DEED.c.number, DEED.c.entrusted).order_by(DEED.c.number).limit(_MOST_AT_ONCE)
        )
        if not rows:
            return False
        await record.take([msgspec.json.decode(row.entrusted, type=Entrusted) for row in rows])
        await self._database.execute(
            delete(DEED).where(DEED.c.number.in_([row.number for row in rows]))
        )
        return True


def _entrust(connection: Connection, deeds: Sequence[Mapping[str, object]]) -> None:
    connection.execute(insert(DEED), deeds)
