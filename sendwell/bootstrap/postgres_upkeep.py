"""What changes the tables of a PostgreSQL, on connections of its own."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from sendwell.adapters.sql.postgres_partitions import drop_old, make_ahead
from sendwell.adapters.sql.upkeep import PATIENCE_SECONDS, patiently
from sendwell.adapters.sql.upkeep_connections import open_postgres
from sendwell.domain.instant import microseconds_in
from sendwell.ports.clock import Clock

log = structlog.get_logger()
_SHORT_SECONDS = 3.0
"""While others work, what can wait gives up that soon: each try holds them up for half a second."""


class PostgresUpkeep:
    """What changes tables locks for its session, and a pooler's sessions are everybody's: hence
    `past_pooler`, the address of the server itself.
    """

    def __init__(
        self, past_pooler: str, clock: Clock, *, retention: timedelta, idempotency_window: timedelta
    ) -> None:
        self._past_pooler = past_pooler
        self._clock = clock
        self._retention = microseconds_in(retention)
        self._window = microseconds_in(idempotency_window)

    async def run(
        self, work: Callable[[Connection], object], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> object:
        """Gives what the work gives. Raises Unavailable where the tables are not to be had.

        Who reads a table for long, like a backup, must not make everybody wait behind us.
        """
        async with open_postgres(self._past_pooler) as own:
            return await patiently(
                own,
                work,
                tell=lambda why: log.warning("database.upkeep_waits", why=why),
                patience_seconds=patience_seconds,
            )

    async def make_partitions(self, *, patience_seconds: float = PATIENCE_SECONDS) -> object:
        """Those of the next days are there."""
        return await self.run(
            lambda connection: make_ahead(connection, self._clock.now()),
            patience_seconds=patience_seconds,
        )

    async def keep_partitions(self, now: int) -> None:
        """Those of the next days are there, and those of which nothing is kept are dropped."""
        made = await self.make_partitions(patience_seconds=_SHORT_SECONDS)
        dropped = await self.run(
            lambda connection: drop_old(
                connection, journal_before=now - self._retention, keys_before=now - self._window
            ),
            patience_seconds=_SHORT_SECONDS,
        )
        log.info("partitions.kept", made=made, dropped=dropped)
