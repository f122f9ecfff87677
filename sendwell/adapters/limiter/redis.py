"""The limiter that processes share through Redis: each question is one script, run as a whole.

A Redis that was emptied lets through one burst a key more than it should, and no more than that.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from sendwell.adapters.limiter.question import (
    OUTLASTS_US,
    LeaseQuestion,
    Question,
    lease_questions,
    questions,
)
from sendwell.adapters.redis.names import Names
from sendwell.adapters.redis.pool import pool
from sendwell.domain.errors import Unavailable
from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand

_PATIENCE = timedelta(seconds=1)
_CONNECTIONS = 4


class _Script:
    """A script beside this file, which Redis knows by its digest once it has run it."""

    def __init__(self, name: str) -> None:
        self.text = Path(__file__).with_name(name).read_text()
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class RedisLimiter:
    """Redis by `redis://[:password@]host:port/db`, or `rediss://…?ca=/path/of/authority.pem`.

    Counts together with whoever has the same names, and with nobody else.

    A call of very many demands is made in several questions, between which others come in. When
    one of them is not answered, what those before it took stays taken: too little goes out then.
    `within` is for all of a question: waiting for a connection, making it, and being answered.
    """

    def __init__(self, url: str, names: Names, *, within: timedelta = _PATIENCE) -> None:
        self._prefix = names.limits
        self._within = within
        self._take = _Script("take.lua")
        self._lease = _Script("lease.lua")
        self._redis = Redis.from_pool(pool(url, connections=_CONNECTIONS))

    async def take(self, demands: Sequence[Demand], now: int) -> list[Answer]:
        answers: list[Answer] = []
        for question in questions(demands):
            answers += question.answers(await self._ask(self._take, question, now))
        return answers

    async def lease(self, wishes: Sequence[Wish], now: int) -> list[Lease]:
        leases: list[Lease] = []
        for question in lease_questions(wishes):
            leases += question.answers(await self._ask(self._lease, question, now))
        return leases

    async def close(self) -> None:
        """Let go of every connection. Idempotent."""
        await self._redis.aclose()

    async def _ask(
        self, script: _Script, question: Question | LeaseQuestion, now: int
    ) -> Sequence[int]:
        if not question.keys:
            return ()
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await self._answer(script, question, now)
        except (RedisError, OSError) as error:  # OSError: also a time-out
            why = type(error).__name__  # its words may hold a key, and that is a person's
            raise Unavailable(f"The limiter's Redis cannot be asked right now ({why}).") from error

    async def _answer(
        self, script: _Script, question: Question | LeaseQuestion, now: int
    ) -> Sequence[int]:
        try:
            return await self._run(script, question, now)
        except ResponseError:
            # In health there is none. The server may be the primary no longer, which Redis 6 says
            # in words that its driver does not know: whoever asks next dials anew.
            await self._redis.connection_pool.disconnect(inuse_connections=False)
            raise

    async def _run(
        self, script: _Script, question: Question | LeaseQuestion, now: int
    ) -> Sequence[int]:
        keys = [self._prefix + key for key in question.keys]
        numbers = msgspec.msgpack.encode((now, OUTLASTS_US, *question.numbers))
        answer: list[int]
        try:
            answer = await self._redis.evalsha(script.digest, len(keys), *keys, numbers)
        except NoScriptError:  # it is new or was restarted; EVAL makes it remember the script
            answer = await self._redis.eval(script.text, len(keys), *keys, numbers)
        return answer
