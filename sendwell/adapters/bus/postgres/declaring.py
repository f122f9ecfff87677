"""Streams and groups come into being, and a database that was moved is made good for them."""

from collections.abc import Sequence

import asyncpg

from sendwell.adapters.bus.postgres.sharing import SHARDS

_NUMBERS = "SELECT name, number FROM bus_stream WHERE name = ANY($1)"

_ADD_STREAMS = """
INSERT INTO bus_stream (name) SELECT DISTINCT name FROM unnest($1::text[]) AS name
ON CONFLICT DO NOTHING
"""

# A group begins behind everything that this snapshot shows.
_ADD_SHARDS = """
INSERT INTO bus_shard (group_name, stream, shard, xid, seq, open_xids, open_seqs)
SELECT $1, stream, shard, pg_snapshot_xmax(now)::text::bigint - 1, 9223372036854775807,
    open, array_fill(0::bigint, ARRAY[cardinality(open)])
FROM unnest($2::int[]) AS stream, generate_series(0, $3 - 1) AS shard, (
    SELECT pg_current_snapshot() AS now,
        ARRAY(SELECT xid::text::bigint FROM pg_snapshot_xip(pg_current_snapshot()) AS xid) AS open
) AS snapshot
WHERE NOT EXISTS (
    SELECT FROM bus_shard AS known WHERE known.group_name = $1 AND known.stream = stream.stream
)
ON CONFLICT DO NOTHING
"""

_IS_ELSEWHERE = "SELECT cluster <> system_identifier FROM bus_ring, pg_control_system()"

_SETTLE_HERE = """
UPDATE bus_ring SET cluster = system_identifier FROM pg_control_system()
WHERE cluster <> system_identifier RETURNING true
"""
_RENUMBER = "UPDATE bus_parcel SET xid = pg_current_xact_id()::text::bigint"
_BEGIN_ANEW = """
UPDATE bus_shard SET member = NULL, token = token + 1,
    xid = 0, seq = 0, open_xids = '{}', open_seqs = '{}'
"""


async def declare(
    connection: asyncpg.Connection, names: Sequence[str], *, group: str | None = None
) -> dict[str, int]:
    """The streams exist, and what the group misses from now on is kept; gives their numbers."""
    await _settle(connection)
    numbers = await _numbers(connection, names)
    if len(numbers) < len(set(names)):
        await connection.execute(_ADD_STREAMS, names)
        numbers = await _numbers(connection, names)
    if group is not None:
        await connection.execute(_ADD_SHARDS, group, list(numbers.values()), SHARDS)
    return numbers


async def _numbers(connection: asyncpg.Connection, names: Sequence[str]) -> dict[str, int]:
    return {row["name"]: row["number"] for row in await connection.fetch(_NUMBERS, names)}


async def _settle(connection: asyncpg.Connection) -> None:
    """Transactions are counted by each cluster for itself: positions from another mean nothing.

    After a restored dump everything that is stored is handed out again.
    """
    if not await connection.fetchval(_IS_ELSEWHERE):
        return
    async with connection.transaction():
        if await connection.fetchval(_SETTLE_HERE):
            await connection.execute(_RENUMBER)
            await connection.execute(_BEGIN_ANEW)
