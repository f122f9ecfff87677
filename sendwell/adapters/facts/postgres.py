"""What a PostgreSQL tells about itself, for the doctor."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from sendwell.adapters.facts.backlog import LETTERS, STANDING, UNTOLD, Backlog, unplanned, waiting
from sendwell.adapters.sql.postgres_engine import plain_url
from sendwell.adapters.sql.postgres_left_behind import LEFT_BEHIND
from sendwell.domain.errors import Unavailable
from sendwell.domain.left_behind import LeftBehind

_TIMEOUT_SECONDS = 5
_DAY_MS = 86_400_000
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Member:
    """A process that has, or had, a number; `seconds_left` of its lease, below 0 for a dead one."""

    node: int
    holder: str
    seconds_left: float


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """How a database is at this moment."""

    version: int
    """As the server numbers it: 15.4 is 150004."""
    is_pooled: bool
    """Whether something like PgBouncer answers in the server's place."""
    is_superuser: bool
    """Whether row-level security does not hold us."""
    is_standby: bool
    latency_ms: float
    """Of one question."""
    settings: Mapping[str, str]
    """Those that decide whether what was confirmed is still there after a power cut."""
    clock_ahead_seconds: float
    """How far the server's clock is before ours."""
    members: tuple[Member, ...]
    left_behind: tuple[LeftBehind, ...]
    """By members whose lease has ended."""
    days_ahead: Mapping[str, int]
    """For how many days behind today each parted table has partitions; below 0: not for today."""
    promotion: str | None
    """Where an unfinished promotion comes from."""
    backlog: Backlog | None
    """None where there is no journal."""


async def look_at_postgres(url: str) -> PostgresFacts:
    """Ask for all of it. Raises Unavailable, saying why in the server's words."""
    async with _connection(url) as connection:
        asked_at = time.time()
        server = await connection.fetchrow(_SERVER)
        answered_at = time.time()
        latency_ms = await _latency_ms(connection)
        there = set(await connection.fetchval(_THERE))
        return PostgresFacts(
            version=int(server["version"]),
            is_pooled=server["pid"] != connection.get_server_pid(),
            is_superuser=server["is_superuser"],
            is_standby=server["is_standby"],
            latency_ms=latency_ms,
            settings={name: server[name] for name in _DURABLE},
            clock_ahead_seconds=float(server["clock"]) - (asked_at + answered_at) / 2,
            members=await _members(connection) if "lease" in there else (),
            left_behind=await _left_behind(connection) if there >= _LEFT_IN else (),
            days_ahead=await _days_ahead(connection, int(answered_at * 1000) // _DAY_MS),
            promotion=await connection.fetchval(_PROMOTION) if "promotion_run" in there else None,
            backlog=await _backlog(connection, int(answered_at * 1e6))
            if {"requested", "outbox", "untold", "work"} <= there
            else None,
        )


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    try:
        connection = await asyncpg.connect(
            plain_url(url),
            timeout=_TIMEOUT_SECONDS,
            command_timeout=_TIMEOUT_SECONDS,
            statement_cache_size=0,  # a pooler may give each statement another session
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise Unavailable(str(error) or type(error).__name__) from error
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise Unavailable(str(error) or type(error).__name__) from error
    finally:
        connection.terminate()


async def _latency_ms(connection: Any) -> float:
    start = time.perf_counter()
    await connection.fetchval("SELECT 1")
    return (time.perf_counter() - start) * 1e3


async def _backlog(connection: Any, now: int) -> Backlog:
    await connection.execute("SELECT set_config('sendwell.tenant','*',false)")
    letters = await connection.fetchrow(LETTERS)
    planless = await connection.fetchrow(unplanned(now))
    untold = await connection.fetchrow(UNTOLD)
    standing = await connection.fetchrow(STANDING)
    return Backlog(*(waiting(each, now) for each in (letters, planless, untold, standing)))


async def _members(connection: Any) -> tuple[Member, ...]:
    return tuple(Member(*row) for row in await connection.fetch(_MEMBERS))


async def _left_behind(connection: Any) -> tuple[LeftBehind, ...]:
    async with connection.transaction():
        await connection.execute("SELECT set_config('sendwell.tenant','*',true)")
        rows = await connection.fetch(LEFT_BEHIND)
    return tuple(LeftBehind(**row) for row in rows)


async def _days_ahead(connection: Any, today: int) -> dict[str, int]:
    """The name of a partition ends in its first day; those by position have a week each."""
    return {
        row["name"]: row["last"] + (1 if row["key"] == "RANGE (day)" else _WEEK_DAYS) - 1 - today
        for row in await connection.fetch(_PARTITIONS)
    }


_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")

_SERVER = f"""
    SELECT current_setting('server_version_num') AS version, pg_backend_pid() AS pid,
    pg_is_in_recovery() AS is_standby, extract(epoch FROM clock_timestamp()) AS clock,
    (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname=current_user) AS is_superuser,
    {",".join(f"current_setting('{name}') AS {name}" for name in _DURABLE)}"""

_LEFT_IN = {"lease", "work", "outbox", "untold", "requested", "outcome", "mark", "handed_on"}

_THERE = """
    SELECT coalesce(array_agg(relname::text),'{}') FROM pg_class
    WHERE relnamespace=current_schema()::regnamespace
    AND relname IN ('lease','promotion_run','requested','outbox','untold','work','outcome','mark',
    'handed_on')"""

_MEMBERS = """
    SELECT node, holder, CASE WHEN until='-infinity' THEN -1
    ELSE extract(epoch FROM until-now())::float END FROM lease ORDER BY node"""

_PROMOTION = "SELECT source FROM promotion_run WHERE finished_at IS NULL"

_PARTITIONS = """
    SELECT c.relname AS name, pg_get_partkeydef(c.oid) AS key,
    coalesce(max(substring(part.relname FROM '_(\\d+)$')::int),-8) AS last
    FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid=p.partrelid
    LEFT JOIN pg_inherits AS i ON i.inhparent=c.oid
    LEFT JOIN pg_class AS part ON part.oid=i.inhrelid
    WHERE c.relnamespace=current_schema()::regnamespace
    AND pg_get_partkeydef(c.oid) IN ('RANGE ("position")','RANGE (day)')
    GROUP BY c.oid, c.relname ORDER BY c.relname"""
