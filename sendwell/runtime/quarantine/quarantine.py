"""Keeps messages that could not be taken, and tells whoever watches for them on the broker."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, Row, insert, select

from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.ports.database import Database, Write
from sendwell.ports.quarantine import Kept, KeptInFull, Narrowed, Shelf
from sendwell.runtime.ageing import forget_aged
from sendwell.runtime.quarantine.tables import QUARANTINE
from sendwell.runtime.scene import Scene
from sendwell.telemetry.names import QUARANTINED

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Quarantine).decode
_KNOWN = [column for column in QUARANTINE.c if column is not QUARANTINE.c.kept]
Tell = Callable[[Sequence[Quarantine], Scene], None]


async def _unnamed() -> str:
    return ""


class QuarantineStore:
    """Messages in quarantine, each of them once."""

    def __init__(
        self, database: Database, *, named: Callable[[], Awaitable[str]] = _unnamed
    ) -> None:
        self._database = database
        self._named = named

    async def keep(self, messages: Sequence[Quarantine], *, tell: Tell) -> None:
        """They are on disk when this returns; `tell` adds what is published about them."""
        scene = Scene(messages[0].at)
        self.put(messages, scene)
        tell(messages, scene)
        try:
            await self._database.commit(scene.unit)
        except BaseException:
            scene.failed()
            raise
        scene.committed()

    @staticmethod
    def put(messages: Sequence[Quarantine], scene: Scene) -> None:
        """Keep them in that transaction."""
        scene.write([Write(_keep, messages)])
        scene.after_commit(lambda: _count(messages))

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, before: int | None, limit: int
    ) -> Shelf:
        """See the port Quarantined."""
        question = select(*_KNOWN).where(QUARANTINE.c.tenant == tenant)
        if before is not None:
            question = question.where(QUARANTINE.c.id < before)
        if narrowed.stream is not None:
            question = question.where(QUARANTINE.c.stream == narrowed.stream)
        if narrowed.reason is not None:
            question = question.where(QUARANTINE.c.reason == narrowed.reason)
        rows = await self._database.rows(question.order_by(QUARANTINE.c.id.desc()).limit(limit))
        return Shelf([_kept(row) for row in rows], await self._named())

    async def find(self, tenant: TenantId, number: int) -> KeptInFull:
        """See the port Quarantined."""
        question = select(*_KNOWN, QUARANTINE.c.kept).where(
            QUARANTINE.c.tenant == tenant, QUARANTINE.c.id == number
        )
        rows = await self._database.rows(question)
        if not rows:
            raise NotFound(f"There is no message {number} in quarantine.")
        return KeptInFull(_kept(rows[0]), _decode(rows[0].kept))

    async def forget(self, before: int) -> int:
        """Forget what was put here before then, body and all; gives how many those were."""
        return await forget_aged(self._database, QUARANTINE, before, long=QUARANTINE.c.kept)


def _count(messages: Sequence[Quarantine]) -> None:
    for each in messages:
        QUARANTINED.labels(each.reason.value).inc()
        log.warning(
            "bus.quarantined",
            stream=each.stream,
            place=each.place,
            tenant=each.tenant,
            reason=each.reason,
            text=each.text,
        )


def _kept(row: Row[Any]) -> Kept:
    return Kept(row.id, row.stream, row.place, row.reason, row.text, row.pointer, row.at)


def _keep(connection: Connection, messages: Sequence[Quarantine]) -> None:
    for each in messages:
        here = (QUARANTINE.c.stream == each.stream) & (QUARANTINE.c.place == each.place)
        if connection.execute(select(QUARANTINE.c.id).where(here)).first() is None:
            connection.execute(insert(QUARANTINE).values(_row(each)))


def _row(kept: Quarantine) -> dict[str, object]:
    return {
        "stream": kept.stream,
        "place": kept.place,
        "tenant": kept.tenant,
        "reason": kept.reason.value,
        "text": kept.text,
        "pointer": kept.pointer,
        "at": kept.at,
        "kept": _encode(kept),
    }
