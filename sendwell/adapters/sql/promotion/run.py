"""A promotion as the target remembers it: begun, gone on with, ended.

Between its begin and its end no process can be started on the target, for the revision of its
tables is one that nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sendwell.adapters.sql.migration_status import PROMOTING
from sendwell.adapters.sql.promotion.shape import Shape
from sendwell.domain.errors import Conflict

_LOCK = "SELECT pg_try_advisory_lock(7370601, 3)"
_FIRST_NODE = 0
"""The number that a process on a file has."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the target knows of promotions so far."""

    source: str
    is_ended: bool


async def take_turn(connection: Any) -> None:
    """Nobody else promotes into this database until the connection ends. Raises Conflict."""
    if not await connection.fetchval(_LOCK):
        raise Conflict("Another `sendwell promote` is at work on that database: let it end.")


async def standing(connection: Any) -> Standing | None:
    """The promotion that was begun last, if any was."""
    if await connection.fetchval("SELECT to_regclass('promotion_run')") is None:
        return None
    row = await connection.fetchrow("SELECT source, finished_at FROM promotion_run")
    return row and Standing(row["source"], row["finished_at"] is not None)


async def refuse_members(connection: Any) -> None:
    """Raise Conflict when processes are at work on the target."""
    holders = await connection.fetch("SELECT holder FROM lease WHERE until>now() ORDER BY node")
    if holders:
        named = ", ".join(row["holder"] for row in holders)
        raise Conflict(f"Sendwell is at work on the target already ({named}): stop it first.")


async def begin(connection: Any, shapes: Sequence[Shape], *, source: str, now: int) -> None:
    """The promotion has begun. Raises Conflict for a target that holds anything."""
    if full := [each.name for each in shapes if await _has_rows(connection, each)]:
        raise Conflict(
            f"The target holds other data already, in {', '.join(full)}. Promote into an empty"
            " database: nothing is ever mixed."
        )
    async with connection.transaction():
        for statement in _TABLES:
            await connection.execute(statement)
        await connection.execute(_BEGIN, source, now)
        await connection.execute("UPDATE cluster_version SET version_num=$1", PROMOTING)


async def end(connection: Any, shapes: Sequence[Shape], *, now: int) -> None:
    """Processes can be started on the target, and go on where the one on the file stopped.

    The number of that one is free and its work is left to the next that joins.
    """
    async with connection.transaction():
        for shape in shapes:
            await _move_sequences(connection, shape)
        await connection.execute(_LEAVE, _FIRST_NODE)
        await connection.execute(
            "UPDATE cluster_version SET version_num=(SELECT revision FROM promotion_run)"
        )
        await connection.execute("UPDATE promotion_run SET finished_at=$1", now)


async def _has_rows(connection: Any, shape: Shape) -> bool:
    return bool(await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{shape.name}")'))  # noqa: S608 - a table of ours


async def _move_sequences(connection: Any, shape: Shape) -> None:
    """Numbers that are given from now on lie behind those that were copied."""
    for name in shape.names:
        sequence = await connection.fetchval(
            "SELECT pg_get_serial_sequence(quote_ident($1),$2)", shape.name, name
        )
        if sequence is not None:
            last = f'(SELECT max("{name}") FROM "{shape.name}")'  # noqa: S608 - names of ours
            await connection.execute(
                f"SELECT setval('{sequence}',coalesce({last},1),{last} IS NOT NULL)"
            )


_TABLES = (
    """CREATE TABLE IF NOT EXISTS promotion_run(
       source text NOT NULL, revision text NOT NULL, started_at bigint NOT NULL,
       finished_at bigint)""",
    "CREATE TABLE IF NOT EXISTS promotion(name text PRIMARY KEY, last_key text NOT NULL)",
    "TRUNCATE promotion, promotion_run",
)

_BEGIN = """
    INSERT INTO promotion_run(source,revision,started_at)
    SELECT $1,version_num,$2 FROM cluster_version"""

_LEAVE = """
    INSERT INTO lease(node,epoch,holder,until)
    VALUES($1,nextval('lease_epoch'),'the promoted file','-infinity') ON CONFLICT DO NOTHING"""
