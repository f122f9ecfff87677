"""Makes a store on PostgreSQL larger than anybody has the time to send: older copies of its rows.

A copy differs from what was sent by its age, in every column and in its body, and by its id. It
lies in the partitions of its age. The ledger counts it on both sides.
"""

import asyncio
import time
from collections.abc import Callable

import asyncpg

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_partitions import make_ahead

_SPREAD_MS = 24 * 86_400_000
"""Less than retention, so that nothing of it is dropped while it is measured."""

_AGED = """
    CREATE FUNCTION pg_temp.aged(id text, ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT substr(h,1,8)||'-'||substr(h,9,4)||substr(id,14)
      FROM (SELECT lpad(to_hex(('x'||substr(id,1,8)||substr(id,10,4))::bit(48)::bigint-ms),12,'0') h
      ) AS hexadecimal $$"""
"""A UUIDv7 begins with its time in milliseconds."""

_REQUESTED = """
    INSERT INTO requested(position,tenant,id,user_id,event_type,accepted_at,key_id,body)
    SELECT position-($1::bigint<<21),tenant,pg_temp.aged(id,$1),user_id,event_type,
      accepted_at-$1*1000,key_id,
      convert_to(replace(replace(replace(convert_from(body,'UTF8'),
        id,pg_temp.aged(id,$1)),
        position::text,(position-($1<<21))::text),
        accepted_at::text,(accepted_at-$1*1000)::text),'UTF8')
    FROM requested WHERE position>=$2"""

_OUTCOME = """
    INSERT INTO outcome(position,part,tenant,notification,channel,status,at,planned_at,claimed_at,
      attempt,provider,reference,code,text,rule)
    SELECT position-($1::bigint<<21),part,tenant,pg_temp.aged(notification,$1),channel,status,
      at-$1*1000,planned_at-$1*1000,claimed_at-$1*1000,attempt,provider,reference,code,text,rule
    FROM outcome WHERE position>=$2"""

_TALLY = "UPDATE tally SET deliveries=deliveries*$1::bigint"


def multiply(database: str, times: int, *, say: Callable[[str], None]) -> None:
    """The store holds `times` as much as before, the copies spread evenly over the weeks before.

    What is there was sent within less time than lies between two copies.
    """
    asyncio.run(_multiply(database, times, say))


async def _multiply(url: str, times: int, say: Callable[[str], None]) -> None:
    await _part(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET sendwell.tenant='*'")
        await connection.execute(_AGED)
        first = await connection.fetchval("SELECT min(position) FROM requested")
        for number in range(1, times):
            say(f"filling a store: copy {number} of {times - 1}")
            older_ms = _SPREAD_MS * number // times
            async with connection.transaction():
                await connection.execute(_REQUESTED, older_ms, first)
                await connection.execute(_OUTCOME, older_ms, first)
        await connection.execute(_TALLY, times)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _part(url: str) -> None:
    """There are partitions for what is that old."""
    database = PostgresDatabase(url, readers=1)
    now = time.time_ns() // 1000
    since = now - (_SPREAD_MS + 86_400_000) * 1000
    try:
        await database.with_connection(lambda connection: make_ahead(connection, now, since=since))
    finally:
        await database.close()
