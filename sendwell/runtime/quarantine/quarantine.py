"""Keeps messages that could not be taken, and tells whoever watches for them on the broker."""

from collections.abc import Callable, Sequence

import msgspec
import structlog
from sqlalchemy import Connection, insert, select

from sendwell.domain.ids import TenantId
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.ports.database import Database, Write
from sendwell.runtime.quarantine.tables import QUARANTINE
from sendwell.runtime.scene import Scene
from sendwell.telemetry.names import QUARANTINED

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Quarantine).decode
Tell = Callable[[Sequence[Quarantine], Scene], None]


class QuarantineStore:
    """Messages in quarantine, each of them once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, messages: Sequence[Quarantine], *, tell: Tell) -> None:
        """They are on disk when this returns; `tell` adds what is published about them."""
        scene = Scene(messages[0].at)
        scene.write([Write(_keep, messages)])
        tell(messages, scene)
        try:
            await self._database.commit(scene.unit)
        except BaseException:
            scene.failed()
            raise
        scene.committed()
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

    async def page(
        self, tenant: TenantId, *, before: int | None, limit: int
    ) -> list[tuple[int, Quarantine]]:
        """A tenant's messages in quarantine by their numbers, newest first."""
        question = select(QUARANTINE.c.id, QUARANTINE.c.kept).where(QUARANTINE.c.tenant == tenant)
        if before is not None:
            question = question.where(QUARANTINE.c.id < before)
        rows = await self._database.rows(question.order_by(QUARANTINE.c.id.desc()).limit(limit))
        return [(row.id, _decode(row.kept)) for row in rows]


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
