"""Empties what came too late: a request that names somebody who was erased ends by that rule, and
then nothing of them is left in it.
"""

import asyncio
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from sendwell.domain.admission import ERASED
from sendwell.domain.ids import COUNTER_BITS, Part, Position
from sendwell.domain.lifecycle import State
from sendwell.messages.extract import Extract
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.runtime.flow import Message
from sendwell.runtime.journal.erasing import Gone, emptying
from sendwell.runtime.journal.tables import OUTCOME, REQUESTED
from sendwell.runtime.scene import Scene

_AT_ONCE = 200
_AN_HOUR = 3_600_000 << COUNTER_BITS
"""As a distance between positions: a crash loses what was not emptied yet, and that is younger."""


class Forgetting:
    """Follows the moves that are made or heard here. `run` must run."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gone: list[Gone] = []
        self._arrived = asyncio.Event()

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        """Look at what has moved here, once that is on disk."""
        self._note(batch, scene)
        return ()

    async def on_extract(self, batch: Sequence[Extract], scene: Scene) -> Sequence[Message]:
        """Look at what has moved elsewhere, for there is a copy of it here."""
        self._note((status for extract in batch for status in extract.statuses), scene)
        return ()

    async def run(self) -> None:
        """Empty what is noted, after what an earlier process may have left."""
        self._gone += await self._left()
        while True:
            while batch := self._gone[:_AT_ONCE]:
                await self._database.commit(emptying(batch))
                del self._gone[: len(batch)]
            self._arrived.clear()
            await self._arrived.wait()

    def _note(self, statuses: Iterable[Status], scene: Scene) -> None:
        if gone := [_gone(each) for each in statuses if _is_erased(each)]:
            scene.after_commit(lambda: self._take(gone))

    def _take(self, gone: Sequence[Gone]) -> None:
        self._gone += gone
        self._arrived.set()

    async def _left(self) -> list[Gone]:
        (last,) = await self._database.rows(select(func.max(REQUESTED.c.position).label("at")))
        rows = await self._database.rows(
            select(OUTCOME.c.tenant, OUTCOME.c.position, OUTCOME.c.part).where(
                OUTCOME.c.position > (last.at or 0) - _AN_HOUR, OUTCOME.c.rule == ERASED.rule
            )
        )
        return [Gone(row.tenant, Position(row.position), _places(row.part)) for row in rows]


def _is_erased(status: Status) -> bool:
    return status.state is State.SUPPRESSED and status.rule == ERASED.rule


def _gone(status: Status) -> Gone:
    return Gone(status.tenant, status.position, _places(status.part))


def _places(part: str) -> tuple[int, ...]:
    return (Part.parse(part).recipient,)
