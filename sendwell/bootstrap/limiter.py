"""The limiter that all processes share, where there is a server for it."""

from pathlib import Path
from typing import Protocol

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.limiter.split import SplitLimiter
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.database import make_tables
from sendwell.ports.limiter import Limiter
from sendwell.settings import MEMORY, Url, require_driver
from sendwell.telemetry.names import LIMITER_OUTAGES

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
    a day is never only in Redis: it is kept with the deliveries, where they are on
    PostgreSQL.
    """
    url, deliveries = core.settings.cache, core.settings.database_of("delivery")
    if url.scheme == MEMORY:
        return MemoryLimiter()
    limiter = await _shared(core, url)
    if url.scheme == _POSTGRESQL or deliveries.scheme != _POSTGRESQL:
        return limiter
    return SplitLimiter(limiter, await _shared(core, deliveries))


async def _shared(core: Core, url: Url) -> Limiter:
    require_driver("CACHE_URL", url)
    from sendwell.adapters.limiter.fallback import FallbackLimiter

    shared: Shared
    if url.scheme == _POSTGRESQL:
        from sendwell.adapters.limiter.postgres import PostgresLimiter

        await make_tables(url, _TABLES)
        shared = PostgresLimiter(url.text)
    else:
        from sendwell.adapters.limiter.redis import RedisLimiter

        shared = RedisLimiter(url.text)
    limiter = FallbackLimiter(
        shared,
        processes=lambda: core.membership.members,
        count_outage=LIMITER_OUTAGES.inc,
    )
    core.process.at_close("shared limiter", shared.close)
    core.process.at_close("limiter", limiter.close)
    return limiter
