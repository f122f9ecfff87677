"""What was attempted before this process began, read from open work and from what has ended."""

from collections.abc import Collection

from sqlalchemy import select, union_all

from sendwell.domain.ids import COUNTER_BITS, TenantId, UserId
from sendwell.ports.database import Database
from sendwell.roles.delivery.recount import Attempted
from sendwell.roles.delivery.tables import WORK
from sendwell.runtime.among import among
from sendwell.runtime.journal.tables import OUTCOME, REQUESTED

_ACCEPTED_BEFORE_US = 2 * 86_400_000_000


class SqlPast:
    """See `Past`. What was accepted more than two days before it was attempted is not seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_asked(self, tenant: TenantId, since: int, until: int) -> bool:
        """Whether the tenant asked for anything that may have been attempted between two times.

        As `attempted`, only what was accepted no longer than two days before.
        """
        found = await self._database.rows(
            select(REQUESTED.c.position)
            .where(
                REQUESTED.c.tenant == tenant,
                REQUESTED.c.position >= _earliest(since),
                REQUESTED.c.position < until // 1_000 << COUNTER_BITS,
            )
            .limit(1)
        )
        return bool(found)

    async def attempted(
        self, tenant: TenantId, users: Collection[UserId], since: int, until: int
    ) -> list[Attempted]:
        """What was attempted to these people between two times, done with or not.

        Only what was asked for one person alone, and accepted no longer than two days before.
        """
        asked = [
            select(REQUESTED.c.user_id, REQUESTED.c.event_type, rows.c.claimed_at)
            .join(rows, rows.c.position == REQUESTED.c.position)
            .where(
                REQUESTED.c.tenant == tenant,
                among(REQUESTED.c.user_id, users, self._database),
                REQUESTED.c.position >= _earliest(since),
                rows.c.claimed_at >= since,
                rows.c.claimed_at < until,
            )
            for rows in (OUTCOME, WORK)
        ]
        found = await self._database.rows(union_all(*asked))
        return [Attempted(row.user_id, row.event_type, row.claimed_at) for row in found]


def _earliest(attempted: int) -> int:
    """The position of the first that was accepted in time to be attempted then or later."""
    return (attempted - _ACCEPTED_BEFORE_US) // 1_000 << COUNTER_BITS
