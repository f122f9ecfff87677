"""The limiter that all processes share, where there is a server for it."""

from pathlib import Path
from typing import Protocol

import structlog

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.limiter.split import SplitLimiter
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.database import make_tables
from sendwell.bootstrap.shared import names_in_redis
from sendwell.ports.limiter import Limiter
from sendwell.settings import MEMORY, Url, counted_apart, require_driver
from sendwell.telemetry.names import LIMITER_OUTAGES

log = structlog.get_logger()
_POSTGRESQL = "postgresql"
_TABLES = {"limiter": Path(__file__).parents[1] / "adapters" / "limiter" / "migrations"}


class Shared(Limiter, Protocol):
    """A limiter on a server."""

    async def close(self) -> None:
        """Let go of every connection."""
        ...


async def open_limiter(core: Core) -> Limiter:
    """The limiter that CACHE_URL names; on PostgreSQL its tables are made.

    While its server is away each process keeps its share of every limit by itself. What counts for
    a day is never only in Redis: it is kept in LIMITER_DB_URL, else with the deliveries, where they
    are on PostgreSQL.
    """
    settings = core.settings
    if settings.delivers and (limits := counted_apart(settings)):
        log.warning("limiter.counts_apart", limits=limits, help="set LIMITER_DB_URL for all alike")
    limiter = await _counting(core, "CACHE_URL", settings.cache)
    if settings.lasting is None:
        return limiter
    return SplitLimiter(limiter, await _counting(core, "LIMITER_DB_URL", settings.lasting))


async def _counting(core: Core, variable: str, url: Url) -> Limiter:
    if url.scheme == MEMORY:
        return MemoryLimiter()
    require_driver(variable, url)
    from sendwell.adapters.limiter.fallback import FallbackLimiter

    shared: Shared
    if url.scheme == _POSTGRESQL:
        from sendwell.adapters.limiter.postgres import PostgresLimiter

        await make_tables(url, _TABLES)
        shared = PostgresLimiter(url.text)
    else:
        from sendwell.adapters.limiter.redis import RedisLimiter

        shared = RedisLimiter(url.text, names_in_redis(core.settings))
    limiter = FallbackLimiter(
        shared,
        processes=lambda: core.membership.members,
        count_outage=LIMITER_OUTAGES.inc,
    )
    core.process.at_close("shared limiter", shared.close)
    core.process.at_close("limiter", limiter.close)
    return limiter
