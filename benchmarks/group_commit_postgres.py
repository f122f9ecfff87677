"""Group commit into PostgreSQL: one connection, one statement a commit, columns as arrays."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import asyncpg

from benchmarks.batches import Batches, Notification, Outcome, Waiting, rows_of, tell

_SCHEMA = """
CREATE TABLE notification (position bigint PRIMARY KEY, idempotency bytea NOT NULL UNIQUE,
  tenant text NOT NULL, lane smallint NOT NULL, body bytea NOT NULL);
CREATE TABLE outcome (position bigint PRIMARY KEY, status smallint NOT NULL, accepted_at bigint
  NOT NULL, claimed_at bigint NOT NULL, sent_at bigint NOT NULL, provider text, reference text);
"""
_INSERT = """
WITH accepted AS (
  INSERT INTO notification
  SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::smallint[], $5::bytea[])
  ON CONFLICT DO NOTHING RETURNING position
), ended AS (
  INSERT INTO outcome
  SELECT * FROM unnest($6::bigint[], $7::smallint[], $8::bigint[], $9::bigint[], $10::bigint[],
                       $11::text[], $12::text[])
  ON CONFLICT DO NOTHING
)
SELECT position FROM accepted
"""
_NOTIFICATION_COLUMNS, _OUTCOME_COLUMNS = 5, 7


class PostgresWriter:
    """Commits with the server's own durability: whatever `synchronous_commit` says there."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._batches = Batches()
        self._arrived = asyncio.Event()
        self._is_open = True
        self._running = asyncio.create_task(self._run())

    @classmethod
    async def opened(cls, url: str) -> Self:
        """A writer into new tables, in a schema of their own."""
        connection = await asyncpg.connect(url)
        schema = f"floor_{time.monotonic_ns()}"
        await connection.execute(f"CREATE SCHEMA {schema}; SET search_path TO {schema}; {_SCHEMA}")
        return cls(connection)

    def write(
        self,
        notifications: Sequence[Notification],
        outcomes: Sequence[Outcome],
        then: Callable[[], None],
        *,
        is_urgent: bool = False,
    ) -> None:
        self._batches.put(Waiting(notifications, outcomes, then), is_urgent=is_urgent)
        self._arrived.set()

    async def close(self) -> None:
        self._is_open = False
        self._arrived.set()
        await self._running
        await self._connection.close()

    async def _run(self) -> None:
        statement = await self._connection.prepare(_INSERT)
        while batch := await self._next():
            notifications, outcomes = rows_of(batch)
            columns = (
                *_columns(notifications, _NOTIFICATION_COLUMNS),
                *_columns(outcomes, _OUTCOME_COLUMNS),
            )
            await statement.fetch(*columns)
            tell(batch)

    async def _next(self) -> list[Waiting]:
        while not self._batches and self._is_open:
            self._arrived.clear()
            await self._arrived.wait()
        return self._batches.take()


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> Iterator[Sequence[object]]:
    return iter(zip(*rows, strict=True)) if rows else iter([()] * count)
