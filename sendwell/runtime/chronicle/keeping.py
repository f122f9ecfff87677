"""A person in the history beside the journal; see the port Keeper."""

from sqlalchemy import select

from sendwell.domain.ids import COUNTER_BITS
from sendwell.ports.clock import Clock
from sendwell.ports.database import Database
from sendwell.ports.history import History
from sendwell.ports.keepers import Erased, Told, Whom
from sendwell.runtime.chronicle.tables import UNTOLD

_HELD_UP_MS = 2_000
"""Events that wait for so long wait for the history; younger ones are on their way."""


class HistoryKeeper:
    """It tells nothing that the journal does not tell as well."""

    def __init__(self, database: Database, history: History, clock: Clock) -> None:
        self._database = database
        self._history = history
        self._clock = clock

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        del whom, after
        return Told()

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """Whose events those were is forgotten; the events stay with their notifications."""
        del after
        now = self._clock.now()
        before = (now // 1000 - _HELD_UP_MS) << COUNTER_BITS
        waiting = await self._database.rows(
            select(UNTOLD.c.number)
            .where(UNTOLD.c.tenant == whom.tenant, UNTOLD.c.number < before)
            .limit(1)
        )
        count = await self._history.forget(whom.tenant, whom.user_id, now=now)
        return Erased(count, is_busy=bool(waiting))
