"""The limiter that processes share through PostgreSQL: a question is one call of one function.

The function is in `migrations`, where it says how it locks. Its takes reach the disk a moment after
they were answered: a server that crashes forgets the last second of them at most.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import msgspec

from sendwell.adapters.limiter.question import (
    OUTLASTS_US,
    LeaseQuestion,
    Question,
    lease_questions,
    questions,
)
from sendwell.domain.errors import Unavailable
from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand

_PATIENCE = timedelta(seconds=1)
_CONNECTIONS = 2
_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # also a time-out
)
_SWEEPS_EVERY_US = 10_000_000
_SWEPT_PAGES = 512
"""4 MB, some 30,000 keys: a few milliseconds."""

# An array as parameter or result would make asyncpg look its type up, once a connection; behind
# PgBouncer that took seconds, and here the first call gets one.
_TAKE = "SELECT unnest(limit_take($1, $2))"
_LEASE = "SELECT unnest(limit_lease($1, $2))"

# Rows that are in use are passed over, so a sweep never waits for a call, nor a call for long. The
# table has no index on `tat`, which would make each update touch it: hence a stretch of pages.
_SWEEP = """
WITH swept AS (
    DELETE FROM limit_state WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM limit_state WHERE ctid >= $1 AND ctid < $2 AND tat < $3
        FOR UPDATE SKIP LOCKED
    ))
)
SELECT pg_relation_size('limit_state') / current_setting('block_size')::int
"""


class PostgresLimiter:
    """PostgreSQL by `postgresql://user:password@host:port/name?…`, with what asyncpg takes there.

    `pooled=true` there means that PgBouncer stands before it in transaction mode. The tables are
    those of the owner `limiter` (`migrations`).

    Keys whose burst has been whole again for a minute are removed bit by bit: every ten seconds of
    use each process looks at the next stretch of the table, round and round.

    A call of very many demands is made in several questions, between which others come in. When
    one of them is not answered, what those before it took stays taken: too little goes out then.
    `within` is for all of a question: waiting for a connection, making it, and being answered.
    """

    def __init__(self, url: str, *, within: timedelta = _PATIENCE) -> None:
        self._within = within
        self._options = _options(url)
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool | None = None
        self._swept_at = 0
        self._hand = 0
        """The page at which the next sweep begins."""

    async def take(self, demands: Sequence[Demand], now: int) -> list[Answer]:
        answers: list[Answer] = []
        for question in questions(demands):
            answers += question.answers(await self._ask(_TAKE, question, now))
        return answers

    async def lease(self, wishes: Sequence[Wish], now: int) -> list[Lease]:
        leases: list[Lease] = []
        for question in lease_questions(wishes):
            leases += question.answers(await self._ask(_LEASE, question, now))
        return leases

    async def close(self) -> None:
        """Let go of every connection, without waiting for what is under way. Idempotent."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def _ask(self, call: str, question: Question | LeaseQuestion, now: int) -> Sequence[int]:
        if not question.keys:
            return ()
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await self._run(call, question, now)
        except _FAILURES as error:
            why = type(error).__name__
            raise Unavailable(f"The limiter's database cannot be asked now ({why}).") from error

    async def _run(self, call: str, question: Question | LeaseQuestion, now: int) -> Sequence[int]:
        pool = await self._opened()
        connection = await pool.acquire()
        try:
            await self._sweep(connection, now)
            rows = await connection.fetch(call, now, msgspec.json.encode(question).decode())
        except BaseException:
            connection.terminate()  # whatever it is in the middle of
            raise
        else:
            return [row[0] for row in rows]
        finally:
            await pool.release(connection)

    async def _sweep(self, connection: Any, now: int) -> None:
        """Before the question, not after it: what fails here has taken nothing."""
        if now - self._swept_at < _SWEEPS_EVERY_US:
            return
        begin, end = self._hand, self._hand + _SWEPT_PAGES
        self._swept_at = now
        pages = await connection.fetchval(_SWEEP, (begin, 0), (end, 0), now - OUTLASTS_US)
        self._hand = end if end < pages else 0

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(**self._options)
        return self._pool


def _options(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    is_pooled = query.pop("pooled", "false") == "true"
    options: dict[str, Any] = {
        "dsn": urlunsplit(parts._replace(query=urlencode(query))),
        "min_size": 1,
        "max_size": _CONNECTIONS,
        "timeout": None,  # it is a part of what the question has
        "reset": _nothing,
    }
    if is_pooled:  # one session is many: nothing prepared in it can be found again
        options["statement_cache_size"] = 0
    return options


async def _nothing(connection: Any) -> None:
    """There is nothing to reset: each question is a transaction, and leaves nothing behind."""
