"""What every group has done with goes: whole tables at once, never row by row.

Parcels are written into one of two tables. When it has grown and the other one is empty, the other
one's turn comes; a table in which nothing is owed to anybody is emptied by TRUNCATE, also
the one in turn. Nothing depends on which of the two a parcel lies in.
"""

from datetime import timedelta

import asyncpg
import structlog

log = structlog.get_logger()
_LARGE_BYTES = 8 * 1024 * 1024

# One process at a time, for all.
_TAKE_TURN = """
UPDATE bus_ring SET tidied = clock_timestamp()
WHERE tidied < clock_timestamp() - $1::interval RETURNING slot
"""
_FORGET_MEMBERS = "DELETE FROM bus_member WHERE until < clock_timestamp() - interval '1 hour'"
_SIZE = "SELECT pg_relation_size($1::text::regclass)"
_IS_OWED = "SELECT EXISTS (SELECT FROM bus_owed WHERE slot = $1)"
_SWITCH = "UPDATE bus_ring SET slot = $1"
_TABLES = ("bus_parcel_0", "bus_parcel_1")


async def tidy(connection: asyncpg.Connection, *, every: timedelta) -> None:
    """Tidy up, unless somebody did less than `every` ago."""
    slot = await connection.fetchval(_TAKE_TURN, every)
    if slot is None:
        return
    await connection.execute(_FORGET_MEMBERS)
    for each, table in enumerate(_TABLES):
        if await connection.fetchval(_SIZE, table) and not await _is_owed(connection, each):
            await _empty(connection, each)
    await _switch(connection, 1 - slot)


async def _switch(connection: asyncpg.Connection, other: int) -> None:
    """It is the other one's turn, if that is worth it."""
    grown = await connection.fetchval(_SIZE, _TABLES[1 - other])
    if grown > _LARGE_BYTES and not await connection.fetchval(_SIZE, _TABLES[other]):
        await connection.execute(_SWITCH, other)


async def _empty(connection: asyncpg.Connection, slot: int) -> None:
    """Empty a table, if that is still right once nobody else can write into it.

    Whoever comes later waits behind us: so we give up soon when somebody is there who stays.
    """
    table = _TABLES[slot]
    try:
        async with connection.transaction(isolation="read_committed"):
            await connection.execute("SET LOCAL lock_timeout = '100ms'")
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            if not await _is_owed(connection, slot):
                await connection.execute(f"TRUNCATE {table}")
    except asyncpg.LockNotAvailableError:
        log.info("bus.table_in_use", table=table)


async def _is_owed(connection: asyncpg.Connection, slot: int) -> bool:
    return bool(await connection.fetchval(_IS_OWED, slot))
