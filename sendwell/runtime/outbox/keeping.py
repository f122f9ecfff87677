"""A person in letters that no broker has taken yet; see the port Keeper."""

import msgspec
from sqlalchemy import select

from sendwell.domain.ids import COUNTER_BITS
from sendwell.ports.clock import Clock
from sendwell.ports.database import Database
from sendwell.ports.keepers import Erased, Told, Whom
from sendwell.runtime.outbox.tables import OUTBOX
from sendwell.runtime.reading import read_portion

_AT_ONCE = 500
_HELD_UP_MS = 2_000
"""A letter that has been there for so long waits for its broker; younger ones are on their way."""


class OutboxKeeper:
    """Letters are facts that others count on: none is taken out. The erasure waits for them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        del whom, after
        return Told()

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """See the port."""
        before = (self._clock.now() // 1000 - _HELD_UP_MS) << COUNTER_BITS
        rows, last = await read_portion(
            self._database,
            select(OUTBOX.c.letter).where(
                OUTBOX.c.number > int(after or 0), OUTBOX.c.number < before
            ),
            key=OUTBOX.c.number,
            long=OUTBOX.c.letter,
            limit=_AT_ONCE,
        )
        marks = [msgspec.json.encode(name) for name in _names(whom)]
        tenant = whom.tenant.encode()
        is_busy = any(
            tenant in row.letter and any(mark in row.letter for mark in marks) for row in rows
        )
        return Erased(0, None if last is None else str(last), is_busy)


def _names(whom: Whom) -> list[str]:
    return [whom.user_id, *(address for _, address in whom.addresses)]
