"""The server's clock, beside the one of a process."""

import structlog
from sqlalchemy import text

from sendwell.adapters.sql.postgres import PostgresDatabase

log = structlog.get_logger()
_MOST_APART = 60_000_000
_NOW = text("SELECT (extract(epoch FROM clock_timestamp())*1000000)::bigint AS now")


async def agreed(database: PostgresDatabase, now: int) -> int:
    """The earlier one of `now`, by the clock of this process, and the server's time.

    What goes by its age goes for all processes: one whose clock is ahead must not decide that.
    Times are microseconds since 1970. Raises Unavailable.
    """
    (row,) = await database.rows(_NOW)
    if now - row.now > _MOST_APART:
        log.warning(
            "clock.ahead",
            seconds=(now - row.now) // 1_000_000,
            advice="Let this machine and the database follow the same time server (NTP).",
        )
    return min(now, int(row.now))
